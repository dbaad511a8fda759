import type { Pressure } from "./pressure.ts";
import type { Receipt } from "./receipt.ts";

/** Bounds of each lane. */
export interface InboxLimits<Message = string | Uint8Array> {
  /** Whole, at least 1. @defaultValue 1024 */
  readonly maxMessages: number;
  /** Of the frames, at least 1. @defaultValue 8388608 (8 MiB) */
  readonly maxBytes: number;
  /**
   * What a full lane does: `pause` reading; drop its oldest waiting message; or give a message the place of the
   * waiting one with the same key, and pause reading where there is none.
   *
   * @defaultValue "pause"
   */
  readonly whenFull?: "pause" | "dropOldest" | "coalesceByKey" | undefined;
  /** For `coalesceByKey`. A message whose key is undefined takes nobody's place. */
  keyOf?(message: Message): unknown;
}

/** A message in a lane, with its neighbours. */
export interface Waiting<Message, Slot = undefined> {
  message: Message;
  bytes: number;
  receipt: Receipt | undefined;
  /** For `coalesceByKey`. */
  key: unknown;
  /** What its lane knows of it. */
  slot: Slot | undefined;
  previous: Waiting<Message, Slot> | undefined;
  next: Waiting<Message, Slot> | undefined;
}

/**
 * What waits in one lane, in order and within its bounds.
 *
 * A linked list: a lane of keys takes from the middle, and what is dropped or replaced may be anywhere.
 */
export class WaitingLine<Message, Slot = undefined> {
  readonly #limits: InboxLimits<Message>;
  readonly #pressure: Pressure;
  readonly #onDrop: ((waiting: Waiting<Message, Slot>) => void) | undefined;
  /** The last of each key; for `coalesceByKey` alone. */
  readonly #byKey: Map<unknown, Waiting<Message, Slot>> | undefined;
  #first: Waiting<Message, Slot> | undefined;
  #last: Waiting<Message, Slot> | undefined;
  #size = 0;
  #bytes = 0;
  /** True exactly while the pressure counts this line as more than half full. */
  #isHeavy = false;
  #dropped = 0;
  #coalesced = 0;

  /** @param onDrop - told of each message that `dropOldest` takes out, before it is. */
  constructor(limits: InboxLimits<Message>, pressure: Pressure, onDrop?: (waiting: Waiting<Message, Slot>) => void) {
    this.#limits = limits;
    this.#pressure = pressure;
    this.#onDrop = onDrop;
    this.#byKey = limits.whenFull === "coalesceByKey" ? new Map() : undefined;
  }

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Messages that `dropOldest` took out. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Messages whose place another one took. */
  get coalesced(): number {
    return this.#coalesced;
  }

  get first(): Waiting<Message, Slot> | undefined {
    return this.#first;
  }

  /** Returns the message's place: a new one, or that of the message it replaces, whose `slot` is then still there. */
  push(message: Message, bytes: number, receipt: Receipt | undefined, key: unknown): Waiting<Message, Slot> {
    receipt?.take();
    const policy = this.#limits.whenFull;
    if (policy === "dropOldest") this.#makeRoom(bytes);
    const wasFull = this.#isFull();
    if (wasFull && key !== undefined) {
      const same = this.#byKey?.get(key);
      if (same !== undefined) return this.#replace(same, message, bytes, receipt);
    }
    const waiting = this.#append(message, bytes, receipt, key);
    this.#weigh();
    // A lane that coalesces is full before it is too full: what comes then may find a place.
    if (policy === "coalesceByKey" ? wasFull : policy !== "dropOldest" && this.#isFull()) this.#pressure.reach();
    return waiting;
  }

  /** Takes the oldest out; its receipt goes with it. */
  shift(): Waiting<Message, Slot> | undefined {
    const first = this.#first;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes one out that is in; its receipt goes with it. */
  remove(waiting: Waiting<Message, Slot>): void {
    const { previous, next } = waiting;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // One that has grown old would hold all that came after it, until the old generation is collected.
    waiting.previous = undefined;
    waiting.next = undefined;
    this.#size--;
    this.#bytes -= waiting.bytes;
    if (this.#byKey?.get(waiting.key) === waiting) this.#byKey.delete(waiting.key);
    this.#weigh();
  }

  /** Empties it. `areHandled`: nobody will want these messages any more, so they count as handled. */
  clear(areHandled: boolean): void {
    const first = this.#first;
    this.#first = undefined;
    this.#last = undefined;
    this.#size = 0;
    this.#bytes = 0;
    this.#byKey?.clear();
    this.#weigh();
    if (!areHandled) return;
    for (let waiting = first; waiting !== undefined; waiting = waiting.next) waiting.receipt?.done();
  }

  /** What is in it holds the reader no longer. Nothing may be pushed after it. */
  leavePressure(): void {
    if (!this.#isHeavy) return;
    this.#isHeavy = false;
    this.#pressure.fall();
  }

  #isFull(): boolean {
    return this.#size >= this.#limits.maxMessages || this.#bytes >= this.#limits.maxBytes;
  }

  #makeRoom(bytes: number): void {
    const { maxMessages, maxBytes } = this.#limits;
    while (this.#first !== undefined && (this.#size >= maxMessages || this.#bytes + bytes > maxBytes)) {
      const oldest = this.#first;
      this.#onDrop?.(oldest);
      this.remove(oldest);
      this.#dropped++;
      oldest.receipt?.done();
    }
  }

  #append(message: Message, bytes: number, receipt: Receipt | undefined, key: unknown): Waiting<Message, Slot> {
    const previous = this.#last;
    const waiting: Waiting<Message, Slot> = {
      message,
      bytes,
      receipt,
      key,
      slot: undefined,
      previous,
      next: undefined,
    };
    if (previous === undefined) this.#first = waiting;
    else previous.next = waiting;
    this.#last = waiting;
    this.#size++;
    this.#bytes += bytes;
    if (key !== undefined) this.#byKey?.set(key, waiting);
    return waiting;
  }

  #replace(
    waiting: Waiting<Message, Slot>,
    message: Message,
    bytes: number,
    receipt: Receipt | undefined,
  ): Waiting<Message, Slot> {
    const replaced = waiting.receipt;
    const growth = bytes - waiting.bytes;
    waiting.message = message;
    waiting.bytes = bytes;
    waiting.receipt = receipt;
    this.#bytes += growth;
    this.#coalesced++;
    this.#weigh();
    // A few keys whose messages grow and grow are no way round the bound.
    if (growth > 0 && this.#bytes > this.#limits.maxBytes) this.#pressure.reach();
    replaced?.done();
    return waiting;
  }

  // The bound on the inclusive side: an odd bound of 5 is relieved at 2.
  #weigh(): void {
    const { maxMessages, maxBytes } = this.#limits;
    const isHeavy = this.#size * 2 > maxMessages || this.#bytes * 2 > maxBytes;
    if (isHeavy === this.#isHeavy) return;
    this.#isHeavy = isHeavy;
    if (isHeavy) this.#pressure.rise();
    else this.#pressure.fall();
  }
}
