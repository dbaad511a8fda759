import type { Outcome } from "../../core/errors.ts";

/** A connection, as the outbox sees it; it is known by this very object. */
export interface Sink {
  readonly isWritable: boolean;
  /** Handed over and not yet given to the kernel. */
  readonly unsentBytes: number;
  /** `bytes`: of the data, where it is known. `done` is called once, later, when the bytes are with the kernel, or with the error. */
  send(data: string | Uint8Array, done: (error?: Error) => void, bytes?: number): void;
}

/** What one `send` may wait for. */
export interface SendTerms {
  /** Milliseconds from now; Infinity for no limit. */
  readonly limitMs: number;
  readonly limit: "send" | "deadline";
  readonly signals: readonly AbortSignal[];
  /** Sent by the `onConnect` of this connection: it goes before everything else, on this one or not at all. */
  readonly setupFor: Sink | undefined;
  /** Told once the bytes are with a socket: from then on nobody knows whether they arrive. Must not throw. */
  readonly onHanded?: ((sink: Sink) => void) | undefined;
}

/** A message that was accepted and not written before the stream was over. */
export interface UnsentMessage {
  /**
   * As it was given to `send`. Bytes that waited are a copy, an `Uint8Array`, since the caller may have used its buffer
   * again; those whose outcome is `unknown` are the caller's own.
   */
  readonly message: unknown;
  /** Of its encoded form. */
  readonly bytes: number;
  /** `not-sent`: it may be sent again. `unknown`: a socket had it, and it may have arrived. */
  readonly outcome: Extract<Outcome, "not-sent" | "unknown">;
}

/** Told what comes to an entry from outside. One for all of them: a closure for each would cost more than the entry. */
export interface OutgoingOwner {
  expired(entry: Outgoing): void;
  /** It has to make room for another, and is to be taken out of its line. */
  dropped(entry: Outgoing): void;
}

/** One message on its way out, and the promise of it. */
export class Outgoing {
  message: unknown;
  data: string | Uint8Array;
  readonly bytes: number;
  readonly terms: SendTerms;
  readonly expiresAt: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  readonly owner: OutgoingOwner;
  onAbort: (() => void) | undefined = undefined;
  /** Where it is; undefined before it was taken, and from when its promise is settled. */
  line: OutgoingLine | undefined = undefined;
  before: Outgoing | undefined = undefined;
  after: Outgoing | undefined = undefined;
  isHanded = false;

  constructor(
    owner: OutgoingOwner,
    what: { readonly message: unknown; readonly data: string | Uint8Array; readonly bytes: number },
    terms: SendTerms,
    expiresAt: number,
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    this.owner = owner;
    this.message = what.message;
    this.data = what.data;
    this.bytes = what.bytes;
    this.terms = terms;
    this.expiresAt = expiresAt;
    this.resolve = resolve;
    this.reject = reject;
  }

  expire(): void {
    this.owner.expired(this);
  }

  /** Makes the bytes its own: the caller may use its buffer again. */
  copyBytes(): void {
    const { data, message } = this;
    if (typeof data === "string") return;
    this.data = new Uint8Array(data);
    if (isSameMemory(message, data)) this.message = this.data;
  }
}

// The offset too: small Buffers that have nothing to do with one another share Node's pool.
function isSameMemory(message: unknown, data: Uint8Array): boolean {
  if (message instanceof ArrayBuffer) return message === data.buffer;
  if (!ArrayBuffer.isView(message) || message.buffer !== data.buffer) return false;
  return message.byteOffset === data.byteOffset && message.byteLength === data.byteLength;
}

/**
 * Entries in their order. Each is in one line at most and carries its own links, so that joining, leaving from the
 * middle and moving on allocate nothing.
 */
export class OutgoingLine {
  first: Outgoing | undefined = undefined;
  #last: Outgoing | undefined = undefined;
  size = 0;
  /** The sum over all that are in it. */
  bytes = 0;

  /** Puts it at the end, out of the line that it was in. */
  join(entry: Outgoing): void {
    entry.line?.leave(entry);
    entry.line = this;
    entry.before = this.#last;
    if (this.#last === undefined) this.first = entry;
    else this.#last.after = entry;
    this.#last = entry;
    this.size++;
    this.bytes += entry.bytes;
  }

  leave(entry: Outgoing): void {
    const { before, after } = entry;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    entry.before = undefined;
    entry.after = undefined;
    entry.line = undefined;
    this.size--;
    this.bytes -= entry.bytes;
  }
}

/** Those in the line that the program sent; what `onConnect` sent, the next one sends again. */
export function unsentIn(line: OutgoingLine, outcome: UnsentMessage["outcome"]): UnsentMessage[] {
  const list: UnsentMessage[] = [];
  for (let entry = line.first; entry !== undefined; entry = entry.after) {
    const { message, bytes, terms } = entry;
    if (terms.setupFor === undefined) list.push({ message, bytes, outcome });
  }
  return list;
}
