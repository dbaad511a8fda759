import { listenToAbort, unlistenToAbort } from "../../core/abort-listeners.ts";
import type { Clock } from "../../core/clock.ts";
import type { ExternalServiceError } from "../../core/errors.ts";
import { Backlog, type OutboxLimits } from "./backlog.ts";
import type { Encoded } from "../codecs/codec.ts";
import {
  brokenWhileSending,
  expiredUnsent,
  expiredUnwritten,
  queueFull,
  setupWithoutConnection,
} from "./outbox-errors.ts";
import {
  Outgoing,
  type OutgoingLine,
  type OutgoingOwner,
  type SendTerms,
  type Sink,
  type UnsentMessage,
  unsentIn,
} from "./outgoing.ts";
import { SendDeadlines } from "./send-deadlines.ts";
import type { StreamName } from "../dial/socket-errors.ts";
import { Way } from "./way.ts";

export interface OutboxWatcher {
  /** The bytes are with the kernel, over this connection; the promise resolves next. Must not throw. */
  written(entry: Outgoing, sink: Sink): void;
}

const none: readonly never[] = [];

/**
 * Messages on their way out, in the order of the calls: some wait for room, some are queued, some are with a socket.
 * PROTOCOL.md, section 6, says what ends each of them.
 *
 * Several connections may be known at a time, and one of them is the main way. The others have what belongs to them
 * alone: what their `onConnect` sends, and what they were handed while they were the main way themselves.
 */
export class Outbox implements OutgoingOwner {
  readonly #name: StreamName;
  readonly #clock: Clock;
  /** Made with the first message that has a limit. */
  #deadlines: SendDeadlines | undefined;
  readonly #watcher: OutboxWatcher | undefined;
  readonly #backlog: Backlog;
  /** Two at most, but for those that wait to be closed. */
  #ways: readonly Way[] = [];
  #main: Way | undefined;
  /** Set from `drain` to `end`. */
  #drain: (PromiseWithResolvers<void> & { readonly refusal: () => unknown }) | undefined;
  /** What `drain` has refused, for `end` to hand back. */
  #refused: readonly UnsentMessage[] = none;

  constructor(name: StreamName, limits: OutboxLimits, clock: Clock, watcher?: OutboxWatcher) {
    this.#name = { service: name.service, operation: `send ${name.operation}` };
    this.#clock = clock;
    this.#backlog = new Backlog(limits);
    this.#watcher = watcher;
  }

  /** Messages not yet with a socket, those that wait for room included. */
  get queuedMessages(): number {
    let count = this.#backlog.waiting.size + this.#backlog.queued.size;
    for (const { setup } of this.#ways) count += setup.size;
    return count;
  }

  get queuedBytes(): number {
    return this.#backlog.queued.bytes;
  }

  /**
   * Resolves when the bytes are with the kernel.
   *
   * @param message - as the program gave it, to be handed back where it is not written.
   */
  send(message: unknown, { data, bytes }: Encoded, terms: SendTerms): Promise<void> {
    // What is thrown in here rejects the promise.
    return new Promise<void>((resolve, reject) => {
      for (const signal of terms.signals) signal.throwIfAborted();
      if (terms.limitMs <= 0) throw expiredUnsent(this.#name, terms, "nothing was left of it");
      const expiresAt = this.#clock.now() + terms.limitMs;
      const entry = new Outgoing(this, { message, data, bytes }, terms, expiresAt, resolve, reject);
      const way = terms.setupFor === undefined ? this.#take(entry) : this.#takeSetup(entry, terms.setupFor);
      this.#watch(entry);
      if (way !== undefined) this.#pump(way);
      if (!entry.isHanded) entry.copyBytes();
    });
  }

  /** Its limit has passed. */
  expired(entry: Outgoing): void {
    const error = entry.isHanded
      ? expiredUnwritten(this.#name, entry.terms)
      : expiredUnsent(this.#name, entry.terms, this.#obstacle(entry));
    this.#reject(entry, error);
    this.#advance();
  }

  /** It has to make room. */
  dropped(entry: Outgoing): void {
    this.#reject(entry, queueFull(this.#name, "dropped", this.#backlog.queued));
  }

  /** Takes what the `onConnect` of this connection sends. The main way stays where it is. */
  prepare(sink: Sink): void {
    this.#wayOf(sink);
  }

  /** Makes it the main way, in one step; what another one was handed stays with that. */
  open(sink: Sink): void {
    this.#main = this.#wayOf(sink);
    this.#pump(this.#main);
  }

  /**
   * The connection is gone. What it was handed has an unknown outcome. Where it was the main way, what is queued waits
   * for the next one.
   */
  lose(sink: Sink, cause: ExternalServiceError): void {
    const way = this.#ways.find((one) => one.sink === sink);
    if (way === undefined) return;
    this.#forget(way);
    this.#rejectAll(way.handed, () => brokenWhileSending(this.#name, cause));
    this.#rejectAll(way.setup, () => setupWithoutConnection(this.#name, cause));
    this.#checkDrained();
  }

  /** Refuses those that wait for room, and all that come; resolves when what was taken is with the kernel. */
  async drain(refusal: () => unknown): Promise<void> {
    const drain = (this.#drain ??= { ...Promise.withResolvers<void>(), refusal });
    this.#refused = [...this.#refused, ...unsentIn(this.#backlog.waiting, "not-sent")];
    this.#rejectAll(this.#backlog.waiting, refusal);
    this.#checkDrained();
    await drain.promise;
  }

  /**
   * The stream is over: rejects all that is left, with no timer left behind.
   *
   * @returns what was accepted and not written, in order. Not what `onConnect` sent: the next one sends it again.
   */
  end(refusal: () => unknown, cause?: ExternalServiceError): UnsentMessage[] {
    const ways = this.#ways;
    const left = [
      ...ways.flatMap(({ handed }) => unsentIn(handed, "unknown")),
      ...unsentIn(this.#backlog.queued, "not-sent"),
      ...this.#refused,
      ...unsentIn(this.#backlog.waiting, "not-sent"),
    ];
    for (const way of ways) {
      this.#forget(way);
      this.#rejectAll(way.handed, () => brokenWhileSending(this.#name, cause));
      this.#rejectAll(way.setup, refusal);
    }
    this.#rejectAll(this.#backlog.queued, refusal);
    this.#rejectAll(this.#backlog.waiting, refusal);
    this.#deadlines?.clear();
    this.#refused = none;
    this.#drain?.resolve();
    this.#drain = undefined;
    return left;
  }

  /** @returns the way that it is for. */
  #takeSetup(entry: Outgoing, sink: Sink): Way {
    const way = this.#ways.find((one) => one.sink === sink);
    if (way === undefined) throw setupWithoutConnection(this.#name, undefined);
    way.setup.join(entry);
    return way;
  }

  /** @returns the way that it will go as things are. */
  #take(entry: Outgoing): Way | undefined {
    if (this.#drain !== undefined) throw this.#drain.refusal();
    if (!this.#backlog.take(entry)) throw queueFull(this.#name, "refused", this.#backlog.queued);
    return this.#main;
  }

  #pump(way: Way): void {
    for (;;) {
      const entry = way.setup.first ?? (way === this.#main ? this.#backlog.queued.first : undefined);
      if (entry === undefined || !way.isClear) return;
      this.#hand(entry, way);
      this.#backlog.admit();
    }
  }

  #hand(entry: Outgoing, way: Way): void {
    way.handed.join(entry);
    entry.isHanded = true;
    way.unwritten++;
    const written = (error?: Error): void => {
      way.unwritten--;
      // Where it has ended meanwhile, by its limit say, this changes nothing.
      if (error === undefined) this.#resolve(entry, way.sink);
      else this.#reject(entry, brokenWhileSending(this.#name, error));
      if (way.isLost) return;
      this.#pump(way);
      this.#checkDrained();
    };
    way.sink.send(entry.data, written, entry.bytes);
    entry.terms.onHanded?.(way.sink);
  }

  /** Something left out of its turn. */
  #advance(): void {
    this.#backlog.admit();
    if (this.#main !== undefined) this.#pump(this.#main);
    this.#checkDrained();
  }

  #checkDrained(): void {
    if (this.#drain === undefined || this.#backlog.queued.size > 0) return;
    for (const way of this.#ways) if (!way.isEmpty) return;
    this.#drain.resolve();
  }

  #wayOf(sink: Sink): Way {
    let way = this.#ways.find((one) => one.sink === sink);
    if (way === undefined) {
      way = new Way(sink);
      this.#ways = this.#ways.concat([way]);
    }
    return way;
  }

  #forget(way: Way): void {
    way.isLost = true;
    this.#ways = this.#ways.filter((one) => one !== way);
    if (this.#main === way) this.#main = undefined;
  }

  #watch(entry: Outgoing): void {
    if (entry.expiresAt !== Number.POSITIVE_INFINITY) {
      this.#deadlines ??= new SendDeadlines(this.#clock, () => this.#lines());
      this.#deadlines.watch(entry);
    }
    const { signals } = entry.terms;
    if (signals.length === 0) return;
    entry.onAbort = () => {
      this.#reject(entry, signals.find((signal) => signal.aborted)?.reason);
      this.#advance();
    };
    for (const signal of signals) listenToAbort(signal, entry.onAbort);
  }

  #resolve(entry: Outgoing, sink: Sink): void {
    if (entry.line === undefined) return;
    this.#leave(entry);
    this.#watcher?.written(entry, sink);
    entry.resolve();
  }

  #reject(entry: Outgoing, reason: unknown): void {
    this.#leave(entry);
    entry.reject(reason);
  }

  #rejectAll(line: OutgoingLine, reason: () => unknown): void {
    for (let entry = line.first; entry !== undefined; entry = line.first) this.#reject(entry, reason());
  }

  #leave(entry: Outgoing): void {
    entry.line?.leave(entry);
    if (entry.onAbort === undefined) return;
    for (const signal of entry.terms.signals) unlistenToAbort(signal, entry.onAbort);
  }

  #lines(): readonly OutgoingLine[] {
    const ofWays = this.#ways.flatMap(({ setup, handed }) => [handed, setup]);
    return [...ofWays, this.#backlog.queued, this.#backlog.waiting];
  }

  #obstacle(entry: Outgoing): string {
    if (entry.line === this.#backlog.waiting) {
      return `the outbox was full (${this.#backlog.queued.size} messages, ${this.#backlog.queued.bytes} bytes)`;
    }
    const isOpen = this.#main !== undefined || entry.terms.setupFor !== undefined;
    return isOpen ? "earlier messages were still on their way" : "the stream was not open";
  }
}
