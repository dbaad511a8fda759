import type { Clock } from "../core/clock.ts";
import { type DeadlineEntry, DeadlineList } from "../core/deadline-list.ts";
import {
  type ExternalServiceError,
  type Outcome,
  type Phase,
  ServiceConnectionError,
  ServiceTimeoutError,
} from "../core/errors.ts";
import type { Encoded } from "./codec.ts";
import type { StreamName } from "./socket-errors.ts";

/** How much is kept for callers. A single message may exceed `maxBytes` while nothing else waits. */
export interface OutboxLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** Where messages go. */
export interface Sink {
  readonly isWritable: boolean;
  readonly unsentBytes: number;
  send(data: string | Uint8Array, done: (error?: Error) => void): void;
}

/** What one `send` may wait for. */
export interface SendTerms {
  /** Milliseconds from now; Infinity for no limit. */
  readonly limitMs: number;
  readonly limit: "send" | "deadline";
  readonly signals: readonly AbortSignal[];
  /** Sent by `onConnect`: it goes before everything else, on this connection or not at all. */
  readonly isSetup: boolean;
}

interface Entry extends DeadlineEntry {
  data: string | Uint8Array;
  readonly bytes: number;
  readonly terms: SendTerms;
  place: "waiting" | "queued" | "setup" | "handed" | "settled";
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  onAbort: (() => void) | undefined;
}

// What may lie in the socket's own buffer, beyond our reach: as much as Node buffers before it asks for a pause.
const highWaterBytes = 64 * 1024;

/**
 * Messages on their way out, in the order of the calls: some wait for room, some are queued, some are with the
 * socket. PROTOCOL.md, section 6, says what ends each of them.
 */
export class Outbox {
  readonly #name: StreamName;
  readonly #limits: OutboxLimits;
  readonly #clock: Clock;
  readonly #deadlines: DeadlineList;
  // Sets keep the order of insertion, and what ends early is taken out of the middle.
  readonly #waiting = new Set<Entry>();
  readonly #queued = new Set<Entry>();
  readonly #setup = new Set<Entry>();
  readonly #handed = new Set<Entry>();
  /** The sum of `bytes` over `#queued`. */
  #queuedBytes = 0;
  #way: { readonly kind: "none" } | { readonly kind: "setup" | "open"; readonly sink: Sink } = { kind: "none" };
  #onDrained: (() => void) | undefined;

  constructor(name: StreamName, limits: OutboxLimits, clock: Clock) {
    this.#name = { service: name.service, operation: `send ${name.operation}` };
    this.#limits = limits;
    this.#clock = clock;
    this.#deadlines = new DeadlineList(clock);
  }

  /** Messages not yet with the socket, those that wait for room included. */
  get queuedMessages(): number {
    return this.#waiting.size + this.#queued.size + this.#setup.size;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Resolves when the bytes are with the kernel. */
  async send({ data, bytes }: Encoded, terms: SendTerms): Promise<void> {
    for (const signal of terms.signals) signal.throwIfAborted();
    if (terms.limitMs <= 0) throw this.#timeout(terms, "queue", "not-sent");
    await new Promise<void>((resolve, reject) => {
      const entry: Entry = {
        data,
        bytes,
        terms,
        place: "waiting",
        resolve,
        reject,
        onAbort: undefined,
        expiresAt: this.#clock.now() + terms.limitMs,
        expire: () => this.#expire(entry),
      };
      this.#watch(entry);
      this.#take(entry);
      this.#pump();
      // The caller may use its buffer again, but for what `ws` has taken already.
      if (entry.place !== "handed" && typeof entry.data !== "string") entry.data = new Uint8Array(entry.data);
    });
  }

  /** Lets the messages of `onConnect` through, and only those. */
  prepare(sink: Sink): void {
    this.#way = { kind: "setup", sink };
  }

  /** Lets everything through. */
  open(sink: Sink): void {
    this.#way = { kind: "open", sink };
    this.#pump();
  }

  /** The connection is gone. What it was handed has an unknown outcome; what is queued waits for the next. */
  hold(cause: ExternalServiceError): void {
    this.#way = { kind: "none" };
    this.#rejectHanded(cause);
    for (const entry of this.#setup) this.#settle(entry, this.#gone("not-connected", "queue", "not-sent", cause));
  }

  /** Refuses those that wait for room; resolves when what was taken is with the kernel. */
  async drain(refusal: () => unknown): Promise<void> {
    for (const entry of this.#waiting) this.#settle(entry, refusal());
    await new Promise<void>((resolve) => {
      this.#onDrained = resolve;
      this.#pump();
    });
  }

  /** The stream is over: rejects all that is left, with no timer left behind. */
  end(refusal: () => unknown, cause?: ExternalServiceError): void {
    this.#way = { kind: "none" };
    this.#rejectHanded(cause);
    for (const entry of [...this.#setup, ...this.#queued, ...this.#waiting]) this.#settle(entry, refusal());
    this.#deadlines.clear();
    this.#onDrained?.();
    this.#onDrained = undefined;
  }

  #take(entry: Entry): void {
    if (entry.terms.isSetup) {
      entry.place = "setup";
      this.#setup.add(entry);
    } else if (this.#waiting.size === 0 && this.#hasRoomFor(entry)) this.#enqueue(entry);
    else this.#waiting.add(entry);
  }

  #hasRoomFor({ bytes }: Entry): boolean {
    const { maxMessages, maxBytes } = this.#limits;
    return this.#queued.size === 0 || (this.#queued.size < maxMessages && this.#queuedBytes + bytes <= maxBytes);
  }

  #enqueue(entry: Entry): void {
    this.#waiting.delete(entry);
    entry.place = "queued";
    this.#queued.add(entry);
    this.#queuedBytes += entry.bytes;
  }

  #pump(): void {
    const way = this.#way;
    if (way.kind !== "none") {
      while (way.sink.isWritable && way.sink.unsentBytes < highWaterBytes) {
        const entry = first(this.#setup) ?? (way.kind === "open" ? first(this.#queued) : undefined);
        if (entry === undefined) break;
        this.#hand(entry, way.sink);
        this.#admit();
      }
    }
    if (this.#queued.size + this.#handed.size + this.#setup.size === 0) this.#onDrained?.();
  }

  /** Moves up those that wait for room. */
  #admit(): void {
    for (const entry of this.#waiting) {
      if (!this.#hasRoomFor(entry)) return;
      this.#enqueue(entry);
    }
  }

  #hand(entry: Entry, sink: Sink): void {
    this.#leave(entry);
    entry.place = "handed";
    this.#handed.add(entry);
    sink.send(entry.data, (error) => {
      if (entry.place !== "handed") return;
      this.#settle(entry, error === undefined ? undefined : this.#gone("reset", "send", "unknown", error));
      this.#pump();
    });
  }

  #rejectHanded(cause: unknown): void {
    for (const entry of this.#handed) this.#settle(entry, this.#gone("reset", "send", "unknown", cause));
  }

  #expire(entry: Entry): void {
    const isHanded = entry.place === "handed";
    this.#settle(entry, this.#timeout(entry.terms, isHanded ? "send" : "queue", isHanded ? "unknown" : "not-sent"));
    this.#admit();
    this.#pump();
  }

  #watch(entry: Entry): void {
    if (entry.expiresAt !== Number.POSITIVE_INFINITY) this.#deadlines.add(entry);
    if (entry.terms.signals.length === 0) return;
    entry.onAbort = () => {
      this.#settle(entry, entry.terms.signals.find((signal) => signal.aborted)?.reason);
      this.#admit();
      this.#pump();
    };
    for (const signal of entry.terms.signals) signal.addEventListener("abort", entry.onAbort);
  }

  /** Ends it, with an error unless that is undefined. */
  #settle(entry: Entry, error: unknown): void {
    if (entry.place === "settled") return;
    this.#leave(entry);
    entry.place = "settled";
    this.#deadlines.remove(entry);
    if (entry.onAbort !== undefined) {
      for (const signal of entry.terms.signals) signal.removeEventListener("abort", entry.onAbort);
    }
    if (error === undefined) entry.resolve();
    else entry.reject(error);
  }

  #leave(entry: Entry): void {
    this.#waiting.delete(entry);
    this.#setup.delete(entry);
    this.#handed.delete(entry);
    if (this.#queued.delete(entry)) this.#queuedBytes -= entry.bytes;
  }

  #timeout({ limit, limitMs }: SendTerms, phase: Phase, outcome: Outcome): ServiceTimeoutError {
    const awaited = phase === "send" ? "the socket did not take it" : this.#obstacle();
    return new ServiceTimeoutError(limit, Math.max(0, limitMs), {
      ...this.#name,
      phase,
      outcome,
      retryable: outcome === "not-sent",
      detail: `the ${limit} limit of ${Math.round(Math.max(0, limitMs))} ms passed: ${awaited}`,
    });
  }

  #obstacle(): string {
    if (this.#waiting.size > 0) {
      return `the outbox was full (${this.#queued.size} messages, ${this.#queuedBytes} bytes)`;
    }
    return this.#way.kind === "open" ? "earlier messages were still on their way" : "the stream was not open";
  }

  #gone(fault: "reset" | "not-connected", phase: Phase, outcome: Outcome, cause: unknown): ServiceConnectionError {
    return new ServiceConnectionError(fault, {
      ...this.#name,
      phase,
      outcome,
      retryable: outcome === "not-sent",
      detail:
        outcome === "unknown" ? "the connection broke while the message was on its way" : "the connection is gone",
      cause,
    });
  }
}

function first(entries: ReadonlySet<Entry>): Entry | undefined {
  for (const entry of entries) return entry;
  return undefined;
}
