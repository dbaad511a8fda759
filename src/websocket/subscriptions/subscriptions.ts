import { listenToAbort, unlistenToAbort } from "../../core/abort-listeners.ts";
import type { Clock } from "../../core/clock.ts";
import { type DeadlineEntry, DeadlineList } from "../../core/deadline-list.ts";
import { ServiceConfigurationError, ServiceRpcError, type ServiceTimeoutError } from "../../core/errors.ts";
import type { Position } from "../resume/positions.ts";
import type { RequestTerms } from "../requests/pending-request.ts";
import { answerTimeout } from "../requests/request-errors.ts";
import type { StreamName } from "../dial/socket-errors.ts";
import type { RefusedKey, SubscriptionSettings } from "./subscription-options.ts";
import { type SendOnConnection, type SessionHost, SubscriptionSession } from "./subscription-session.ts";

/**
 * How many keys that were taken back are remembered on one connection, the oldest being forgotten first: of one that was
 * taken back before so many others, nothing is on its way any more.
 */
const keptTakenBack = 10_000;

/** What one `subscribe` may wait for. */
export type SubscribeTerms = Pick<RequestTerms, "limitMs" | "limit" | "signals">;

/** What {@link Subscriptions} are made with. */
export interface SubscriptionsParts<Message, Stream> {
  readonly name: StreamName;
  readonly settings: SubscriptionSettings<Message, Stream>;
  readonly stream: Stream;
  readonly clock: Clock;
  /** For the work of one message on the wire: `requestTimeoutMs`. */
  readonly limitMs: number;
  /** Where each of these keys is to go on. */
  readonly positionsOf: (keys: readonly string[]) => ReadonlyMap<string, Position>;
  /** A subscription ended that nobody waits for: the service refused it, or it could not be asked for again. */
  readonly onEnded: (key: string, error: unknown) => void;
  /** Gets what the functions of the options threw; it counts as no answer. */
  readonly onError: (thrown: unknown) => void;
}

/** One who waits for a confirmation. */
interface Waiter extends DeadlineEntry {
  readonly settle: (settlement: { readonly error: unknown } | undefined) => void;
}

interface Subscribed {
  waiter: Waiter | undefined;
}

/**
 * What a stream is to carry, by key, and what each of its connections has been asked for and has confirmed. PROTOCOL.md,
 * section 8.
 */
export class Subscriptions<Message, Stream = unknown> {
  readonly #parts: SubscriptionsParts<Message, Stream>;
  readonly #name: StreamName;
  readonly #deadlines: DeadlineList;
  /** What is wanted. */
  readonly #wanted = new Map<string, Subscribed>();
  readonly #sessions = new Map<number, SubscriptionSession<Message, Stream>>();
  /** Taken back on the connection that flows, which may bring some more of them; the latest {@link keptTakenBack}. */
  readonly #takenBack = new Set<string>();
  /** The connection that flows; its confirmations are those that count. */
  #current: SubscriptionSession<Message, Stream> | undefined;

  constructor(parts: SubscriptionsParts<Message, Stream>) {
    this.#parts = parts;
    this.#name = { service: parts.name.service, operation: `subscribe ${parts.name.operation}` };
    this.#deadlines = new DeadlineList(parts.clock);
  }

  get size(): number {
    return this.#wanted.size;
  }

  has(key: string): boolean {
    return this.#wanted.has(key);
  }

  /** What still comes of this key was on its way when it was taken back. */
  isTakenBack(key: string): boolean {
    return this.#takenBack.has(key);
  }

  /** The key of the subscription that a message belongs to, by `keyOf`. */
  topicOf(message: Message): string | undefined {
    return this.#ask(this.#parts.settings.keyOf, message);
  }

  /**
   * Wants this key, and resolves when the service has confirmed it. Where it does not come to that, the key is
   * forgotten, and taken back where it may have been asked for.
   *
   * @throws ServiceConfigurationError for a key that is no text, or is there already; ServiceRpcError where it is
   * refused; ServiceTimeoutError; the signal's reason; what `subscribe` of the options threw.
   */
  async add(key: string, terms: SubscribeTerms): Promise<void> {
    const problem = this.#problemOf(key);
    if (problem !== undefined) throw new ServiceConfigurationError(this.#name.service, [`subscribe: ${problem}`]);
    for (const signal of terms.signals) signal.throwIfAborted();
    if (terms.limitMs <= 0) throw this.#timeout(terms, key);
    const subscribed: Subscribed = { waiter: undefined };
    const confirmed = this.#wait(key, subscribed, terms);
    this.#wanted.set(key, subscribed);
    this.#takenBack.delete(key);
    this.#touch(key);
    // It may be there still: removed, and wanted again before that was told, or never taken back.
    if (this.#isConfirmed(key)) subscribed.waiter?.settle(undefined);
    await confirmed;
  }

  /**
   * Wants this key no more; resolves when what that takes was sent, or at once while there is no connection. One who
   * waits for its confirmation gets an AbortError.
   */
  async remove(key: string): Promise<void> {
    const error = new DOMException("the subscription was taken back before it was confirmed", "AbortError");
    if (!this.#forget(key, error)) return;
    this.#takenBack.add(key);
    if (this.#takenBack.size > keptTakenBack) this.#takenBack.delete(oldestOf(this.#takenBack));
    await this.#current?.idle();
  }

  /**
   * A new connection: asks for all that is wanted, and resolves when each key is confirmed or refused, or when no more
   * is read of it ({@link Subscriptions.press}).
   *
   * @param send - also serves what changes later, for as long as this connection lives.
   * @throws the signal's reason; what `subscribe` of the options or `send` threw. The connection is of no use then.
   */
  async restore(send: SendOnConnection, generation: number, signal: AbortSignal): Promise<void> {
    const session: SubscriptionSession<Message, Stream> = new SubscriptionSession<Message, Stream>(
      this.#host(() => session),
      send,
    );
    this.#sessions.set(generation, session);
    try {
      await session.restore(this.#wanted.keys(), signal);
    } catch (error) {
      this.lose(generation, error);
      throw error;
    }
  }

  /** No more is read of this connection before it flows: what is wanted is asked for, and not waited for. */
  press(generation: number): void {
    this.#sessions.get(generation)?.press();
  }

  /** The flow is on this connection now; what others carry does not matter any more. */
  switchTo(generation: number): void {
    this.#current = this.#sessions.get(generation);
    this.#takenBack.clear();
    for (const [other, session] of this.#sessions) {
      if (session === this.#current) continue;
      session.end(new DOMException("the stream has moved to another connection", "AbortError"));
      this.#sessions.delete(other);
    }
    this.#settleConfirmed();
  }

  /** A connection is gone, and with it what it carried. What is wanted stays so, and who waits goes on waiting. */
  lose(generation: number, cause: unknown): void {
    const session = this.#sessions.get(generation);
    if (session === undefined) return;
    session.end(cause);
    this.#sessions.delete(generation);
    if (this.#current === session) this.#current = undefined;
    this.#settleConfirmed();
  }

  /** Whether a function of the options is at work, or its message on the way, for this connection. */
  isAtWork(generation: number): boolean {
    return this.#sessions.get(generation)?.isAtWork ?? false;
  }

  /** Shows a message, for confirmations and refusals. It stays a message like any other. */
  offer(message: Message, generation: number): void {
    const session = this.#sessions.get(generation);
    if (session === undefined) return;
    const { confirmedBy, refusedBy } = this.#parts.settings;
    if (session.isAwaiting) for (const key of listOf(this.#ask(confirmedBy, message))) session.confirm(key);
    if (!session.isHolding) return;
    for (const refused of listOf(this.#ask(refusedBy, message))) {
      if (session.refuse(refused.key)) this.#end(refused.key, this.#refusal(refused));
    }
  }

  /** The stream is over: nobody waits any more, and no timer is left. What was confirmed once stays wanted. */
  end(error: unknown): void {
    for (const session of this.#sessions.values()) session.end(error);
    this.#sessions.clear();
    this.#current = undefined;
    for (const [key, { waiter }] of this.#wanted) {
      if (waiter === undefined) continue;
      this.#wanted.delete(key);
      waiter.settle({ error });
    }
    this.#deadlines.clear();
  }

  #host(session: () => SubscriptionSession<Message, Stream>): SessionHost<Message, Stream> {
    const { settings, stream, clock, limitMs, positionsOf, onError } = this.#parts;
    return {
      settings,
      stream,
      clock,
      limitMs,
      positionsOf,
      onError,
      deadlines: this.#deadlines,
      isWanted: (key) => this.#wanted.has(key),
      tooSlow: () =>
        answerTimeout(this.#name, { limit: "answer", limitMs, outcome: "unknown" }, "a message to be made and sent"),
      onConfirmed: (key) => {
        if (this.#current === undefined || this.#current === session())
          this.#wanted.get(key)?.waiter?.settle(undefined);
      },
      onFailed: (keys, thrown) => {
        for (const key of keys) this.#end(key, thrown);
      },
    };
  }

  #problemOf(key: unknown): string | undefined {
    if (typeof key !== "string" || key === "") return "key must be a string that is not empty";
    // Not shown: with some services a key is a secret.
    return this.#wanted.has(key) ? "this key is subscribed already: add a handler, or unsubscribe it first" : undefined;
  }

  #wait(key: string, subscribed: Subscribed, terms: SubscribeTerms): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => void this.#forget(key, terms.signals.find(({ aborted }) => aborted)?.reason);
    const waiter: Waiter = {
      expiresAt: this.#parts.clock.now() + terms.limitMs,
      expire: () => void this.#forget(key, this.#timeout(terms, key)),
      settle: (settlement) => {
        subscribed.waiter = undefined;
        this.#deadlines.remove(waiter);
        for (const signal of terms.signals) unlistenToAbort(signal, abort);
        if (settlement === undefined) resolve();
        else reject(settlement.error);
      },
    };
    subscribed.waiter = waiter;
    if (terms.limitMs !== Number.POSITIVE_INFINITY) this.#deadlines.add(waiter);
    for (const signal of terms.signals) listenToAbort(signal, abort);
    return promise;
  }

  /** After another connection came to count: what it has confirmed already need not be waited for. */
  #settleConfirmed(): void {
    for (const [key, { waiter }] of this.#wanted) if (this.#isConfirmed(key)) waiter?.settle(undefined);
  }

  /** Before the first connection flows, whichever is being prepared counts. */
  #isConfirmed(key: string): boolean {
    const sessions = this.#current === undefined ? [...this.#sessions.values()] : [this.#current];
    return sessions.some((session) => session.stateOf(key) === "confirmed");
  }

  /** Ends a subscription that its owner has not ended. */
  #end(key: string, error: unknown): void {
    const isAwaited = this.#wanted.get(key)?.waiter !== undefined;
    if (this.#forget(key, error) && !isAwaited) this.#parts.onEnded(key, error);
  }

  /** False where it was not there. */
  #forget(key: string, error: unknown): boolean {
    const subscribed = this.#wanted.get(key);
    if (subscribed === undefined) return false;
    this.#wanted.delete(key);
    subscribed.waiter?.settle({ error });
    this.#touch(key);
    return true;
  }

  #touch(key: string): void {
    for (const session of this.#sessions.values()) session.touch(key);
  }

  #ask<Answer>(hook: ((message: Message) => Answer) | undefined, message: Message): Answer | undefined {
    try {
      return hook?.(message);
    } catch (thrown) {
      this.#parts.onError(thrown);
      return undefined;
    }
  }

  #refusal({ code, reason }: RefusedKey): ServiceRpcError {
    return new ServiceRpcError({
      ...this.#name,
      rpcCode: typeof code === "number" ? code : undefined,
      rpcMessage: reason,
      detail: "the service refused the subscription",
    });
  }

  #timeout({ limit, limitMs }: SubscribeTerms, key: string): ServiceTimeoutError {
    const isAsked = [...this.#sessions.values()].some((session) => session.stateOf(key) !== undefined);
    const awaited = isAsked ? "the confirmation" : "the subscription to be asked for";
    return answerTimeout(this.#name, { limit, limitMs, outcome: isAsked ? "unknown" : "not-sent" }, awaited);
  }
}

function oldestOf(keys: ReadonlySet<string>): string {
  const [oldest = ""] = keys;
  return oldest;
}

function listOf<T extends string | object>(answer: T | readonly T[] | undefined): readonly T[] {
  if (answer === undefined || answer === null) return [];
  return Array.isArray(answer) ? (answer as readonly T[]) : [answer as T];
}
