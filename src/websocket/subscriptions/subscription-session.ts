import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../../core/clock.ts";
import { outsideRequests } from "../../core/request-scope.ts";
import type { DeadlineList } from "../../core/deadline-list.ts";
import { isExternalServiceError, isServiceConnectionError, type ServiceTimeoutError } from "../../core/errors.ts";
import type { Position } from "../resume/positions.ts";
import type { SubscriptionSettings } from "./subscription-options.ts";
import { type Held, nextStep, type PlanStep } from "./subscription-plan.ts";

/** Sends a message on the session's own connection; resolves when it was handed to the kernel. */
export type SendOnConnection = (message: unknown, signal: AbortSignal) => Promise<void>;

/** What a session needs of its stream. Nothing in it throws. */
export interface SessionHost<Message, Stream> {
  readonly settings: SubscriptionSettings<Message, Stream>;
  readonly stream: Stream;
  readonly clock: Clock;
  readonly deadlines: DeadlineList;
  /** For the work of one message: what `subscribe` does, and the sending. */
  readonly limitMs: number;
  readonly isWanted: (key: string) => boolean;
  readonly positionsOf: (keys: readonly string[]) => ReadonlyMap<string, Position>;
  /** The error for work that took longer. */
  readonly tooSlow: () => ServiceTimeoutError;
  readonly onConfirmed: (key: string) => void;
  /** On an open connection these could not be asked for. */
  readonly onFailed: (keys: readonly string[], thrown: unknown) => void;
  readonly onError: (thrown: unknown) => void;
}

/** How far the work for one message has come: nothing of it can have gone out, some of it may have, some of it has. */
interface Progress {
  at: "nothing" | "begun" | "sent";
}

/** What one connection carries, and how it gets from there to what is wanted: one message at a time. */
export class SubscriptionSession<Message, Stream> {
  readonly #host: SessionHost<Message, Stream>;
  readonly #send: SendOnConnection;
  readonly #held = new Map<string, Held>();
  /** How many of `#held` are `asked`. */
  #asked = 0;
  /** Keys that may differ from what is wanted. */
  readonly #touched = new Set<string>();
  /** The same, since this turn of the loop began: what is changed within one turn goes out together. */
  readonly #fresh = new Set<string>();
  /** The context of the connection: what one who subscribes is part of must not hold for what others asked for. */
  readonly #inOwnContext = outsideRequests(() => AsyncLocalStorage.snapshot());
  #nextTurn: NodeJS.Immediate | undefined;
  #isBusy = false;
  /** Ends the work of `subscribe` that is under way. */
  #work: AbortController | undefined;
  #restoring: { readonly awaited: Set<string>; readonly end: PromiseWithResolvers<void> } | undefined;
  #idleWaiters: (() => void)[] = [];
  #isEnded = false;

  constructor(host: SessionHost<Message, Stream>, send: SendOnConnection) {
    this.#host = host;
    this.#send = send;
  }

  /** Whether the service still has to confirm a key. */
  get isAwaiting(): boolean {
    return this.#asked > 0;
  }

  /** Whether anything was asked for. */
  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  /** Whether a message is being made, or is on its way. */
  get isAtWork(): boolean {
    return this.#work !== undefined;
  }

  stateOf(key: string): Held | undefined {
    return this.#held.get(key);
  }

  /** Asks for all these keys; resolves when each is confirmed, refused, or not wanted any more, or when it is pressed. */
  async restore(keys: Iterable<string>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const restoring = { awaited: new Set(keys), end: Promise.withResolvers<void>() };
    if (restoring.awaited.size === 0) return;
    this.#restoring = restoring;
    for (const key of restoring.awaited) this.#touched.add(key);
    const giveUp = (): void => this.end(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    this.#run();
    try {
      await restoring.end.promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  /**
   * No more is read of this connection before it flows, and confirmations, or answers that `subscribe` waits for, may lie
   * behind messages for which there is no room: {@link SubscriptionSession.restore} waits no longer, the work goes on.
   */
  press(): void {
    this.#restoring?.end.resolve();
    this.#restoring = undefined;
  }

  /** What is wanted of this key may have changed. */
  touch(key: string): void {
    if (this.#isEnded) return;
    if (!this.#host.isWanted(key)) this.#restored(key);
    this.#fresh.add(key);
    this.#nextTurn ??= setImmediate(() => {
      this.#nextTurn = undefined;
      for (const one of this.#fresh) this.#touched.add(one);
      this.#fresh.clear();
      this.#run();
    });
  }

  /** The service has confirmed this key. */
  confirm(key: string): void {
    if (this.#held.get(key) !== "asked") return;
    this.#hold(key, "confirmed");
    this.#restored(key);
    this.#host.onConfirmed(key);
  }

  /** The service does not carry this key, or not any more. False where it was not asked for. */
  refuse(key: string): boolean {
    if (!this.#held.has(key)) return false;
    this.#hold(key, undefined);
    this.#restored(key);
    return true;
  }

  /** Resolves when nothing is left to send. */
  async idle(): Promise<void> {
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => void this.#idleWaiters.push(resolve));
  }

  /** The connection is gone, or is left to itself: nothing is sent on it any more. */
  end(cause: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.#nextTurn !== undefined) clearImmediate(this.#nextTurn);
    this.#work?.abort(cause);
    this.#restoring?.end.reject(cause);
    this.#restoring = undefined;
    this.#tellIdle();
  }

  #run(): void {
    if (this.#isBusy || this.#isEnded) return;
    this.#isBusy = true;
    // It rejects only where a hook of the stream throws, and those do not.
    void this.#inOwnContext(() => this.#catchUp());
  }

  async #catchUp(): Promise<void> {
    const { isWanted, settings } = this.#host;
    const terms = { maxKeys: settings.maxKeysPerMessage, canUnsubscribe: settings.unsubscribe !== undefined };
    for (;;) {
      const step = this.#isEnded ? undefined : nextStep(this.#touched, isWanted, this.#held, terms);
      if (step === undefined) break;
      await this.#take(step);
    }
    this.#isBusy = false;
    this.#tellIdle();
  }

  async #take(step: PlanStep): Promise<void> {
    const before = step.keys.map((key) => [key, this.#held.get(key)] as const);
    for (const key of step.keys) this.#hold(key, step.kind === "subscribe" ? "asked" : undefined);
    const { clock, deadlines, limitMs, settings, tooSlow, onError } = this.#host;
    const work = new AbortController();
    const limit = { expiresAt: clock.now() + limitMs, expire: () => stop() };
    const stop = (): void => {
      deadlines.remove(limit);
      work.abort(tooSlow());
    };
    if (limitMs !== Number.POSITIVE_INFINITY) deadlines.add(limit);
    this.#work = work;
    const progress: Progress = { at: "nothing" };
    try {
      const isSent = await outlast(this.#perform(step, progress, work.signal), work.signal);
      const isConfirmed = isSent && step.kind === "subscribe" && settings.confirmedBy === undefined;
      if (isConfirmed && !this.#isEnded) for (const key of step.keys) this.confirm(key);
    } catch (thrown) {
      if (this.#isEnded) return;
      // Where it may have gone out, the service is taken to have heard it.
      const isUnsent = progress.at === "nothing" || (progress.at === "begun" && saysUnsent(thrown));
      if (isUnsent) for (const [key, held] of before) this.#hold(key, held);
      if (step.kind === "unsubscribe") onError(thrown);
      else if (this.#restoring !== undefined) this.end(thrown);
      else this.#host.onFailed(this.#unconfirmed(step.keys), thrown);
    } finally {
      deadlines.remove(limit);
      this.#work = undefined;
    }
  }

  /** False where the connection broke under the message: then the next one asks again. */
  async #perform({ kind, keys }: PlanStep, progress: Progress, signal: AbortSignal): Promise<boolean> {
    const { settings, stream, positionsOf } = this.#host;
    const made =
      kind === "subscribe"
        ? settings.subscribe(keys, { stream, signal, positions: positionsOf(keys) })
        : settings.unsubscribe?.(keys, { stream, signal });
    progress.at = "begun";
    for (const message of messagesOf(await made)) {
      signal.throwIfAborted();
      try {
        await this.#send(message, signal);
        progress.at = "sent";
      } catch (thrown) {
        if (this.#restoring === undefined && isServiceConnectionError(thrown)) return false;
        throw thrown;
      }
    }
    return true;
  }

  /** A key that the service has confirmed is there, whatever else went wrong. */
  #unconfirmed(keys: readonly string[]): string[] {
    return keys.filter((key) => this.#held.get(key) !== "confirmed");
  }

  #hold(key: string, held: Held | undefined): void {
    if (this.#held.get(key) === "asked") this.#asked--;
    if (held === "asked") this.#asked++;
    if (held === undefined) this.#held.delete(key);
    else this.#held.set(key, held);
  }

  #restored(key: string): void {
    const restoring = this.#restoring;
    if (restoring === undefined || !restoring.awaited.delete(key) || restoring.awaited.size > 0) return;
    this.#restoring = undefined;
    restoring.end.resolve();
  }

  #isIdle(): boolean {
    return this.#isEnded || (!this.#isBusy && this.#nextTurn === undefined);
  }

  #tellIdle(): void {
    if (!this.#isIdle()) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}

const saysUnsent = (thrown: unknown): boolean => isExternalServiceError(thrown) && thrown.outcome === "not-sent";

function messagesOf(made: unknown): readonly unknown[] {
  if (made === undefined) return [];
  return Array.isArray(made) ? made : [made];
}

/** The work, or the signal's reason where that comes first. */
async function outlast<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(signal.reason);
  // What began the work may have ended it as well.
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
