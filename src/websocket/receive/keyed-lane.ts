import { type HandlerCalls, HandlerRun, type RunOwner } from "./handler-run.ts";
import type { ConsumerName, HandlingLane } from "./lane.ts";
import type { LaneScope } from "./lane-scope.ts";
import type { Receipt } from "./receipt.ts";
import type { Waiting, WaitingLine } from "./waiting-line.ts";

/** How many messages a consumer handles at once, and which must stay in order. */
export interface KeyedConcurrency<Message> {
  /** Whole, at least 1. */
  readonly maxConcurrent: number;
  /** Messages with the same key (as a `Map` compares) are handled one after the other; undefined is a key too. */
  readonly keyOf: (message: Message) => unknown;
}

/** What is wrong with it, in words that begin with `name`. */
export function concurrencyProblems(value: unknown, name = "concurrency"): string[] {
  if (typeof value !== "object" || value === null) return [`${name} must be an object { maxConcurrent, keyOf }`];
  const { maxConcurrent, keyOf, ...rest } = value as Record<string, unknown>;
  const isCount = typeof maxConcurrent === "number" && maxConcurrent >= 1 && !(maxConcurrent % 1 > 0);
  return [
    ...(isCount ? [] : [`${name}.maxConcurrent must be a whole number of at least 1`]),
    ...(typeof keyOf === "function" ? [] : [`${name}.keyOf must be a function that gives the key of a message`]),
    ...Object.keys(rest).map((key) => `${name}.${key} is not known; it takes maxConcurrent and keyOf`),
  ];
}

/** A key that has messages. */
export interface KeySlot {
  readonly key: unknown;
  isBusy: boolean;
  waiting: number;
}

/**
 * Hands messages of different keys to one handler at once, up to a bound; those of one key one after the other. Whoever
 * waits is started as soon as its key and a place are free, the oldest first.
 */
export class KeyedLane<Message> implements HandlingLane<Message>, RunOwner<Message> {
  readonly line: WaitingLine<Message, KeySlot>;
  readonly scope: LaneScope;
  readonly #calls: HandlerCalls<Message>;
  readonly #concurrency: KeyedConcurrency<Message>;
  readonly #slots = new Map<unknown, KeySlot>();
  readonly #busy = new Map<HandlerRun<Message>, KeySlot>();
  readonly #spare: HandlerRun<Message>[] = [];
  /** Each message before it waits for its key; undefined at the end of the line. Else each look would start in front. */
  #cursor: Waiting<Message, KeySlot> | undefined;
  /** Of the message that was offered last. */
  #offered: KeySlot | undefined;
  /** Handlers on the stack: a handler that returns at once holds its place only that long. */
  #callDepth = 0;
  #isFilling = false;
  #ending: "removed" | "ended" | undefined;

  /** @param makeLine - is given what is to be told of messages that are dropped. */
  constructor(
    calls: HandlerCalls<Message>,
    concurrency: KeyedConcurrency<Message>,
    makeLine: (onDrop: (waiting: Waiting<Message, KeySlot>) => void) => WaitingLine<Message, KeySlot>,
  ) {
    this.#calls = calls;
    this.scope = calls.scope;
    this.#concurrency = concurrency;
    this.line = makeLine((waiting) => this.#forget(waiting));
  }

  get handler(): (message: Message) => unknown {
    return this.#calls.handler;
  }

  get from(): ConsumerName {
    return this.#calls.from;
  }

  get isAtRest(): boolean {
    return this.#ending !== undefined || (this.line.size === 0 && this.#busy.size === 0 && this.#callDepth === 0);
  }

  get isCalling(): boolean {
    return this.#callDepth > 0;
  }

  offer(message: Message, receipt: Receipt | undefined): boolean {
    if (this.#ending !== undefined) return true;
    const slot = this.#slotOf(message);
    if (this.#isFilling || slot.isBusy || !this.#hasPlace()) {
      this.#offered = slot;
      return false;
    }
    receipt?.take();
    this.#start(slot, message, receipt);
    this.#fill();
    return true;
  }

  wait(message: Message, bytes: number, receipt: Receipt | undefined, key: unknown): void {
    const slot = this.#offered ?? this.#slotOf(message);
    this.#offered = undefined;
    // Before the push, which may drop the last other message of this key, and the key with it.
    slot.waiting++;
    const waiting = this.line.push(message, bytes, receipt, key);
    const replaced = waiting.slot;
    waiting.slot = slot;
    if (replaced === undefined) this.#cursor ??= waiting;
    else {
      replaced.waiting--;
      this.#tidy(replaced);
      this.#cursor = this.line.first;
    }
  }

  remove(): void {
    this.#ending = "removed";
    for (const run of this.#busy.keys()) run.abandon();
    this.#clear(true);
  }

  end(): void {
    this.#ending = "ended";
    this.#clear(false);
  }

  #clear(areHandled: boolean): void {
    this.#busy.clear();
    this.#slots.clear();
    this.#cursor = undefined;
    this.line.clear(areHandled);
  }

  #hasPlace(): boolean {
    return this.#busy.size + this.#callDepth < this.#concurrency.maxConcurrent;
  }

  #slotOf(message: Message): KeySlot {
    let key: unknown;
    try {
      key = this.#concurrency.keyOf(message);
    } catch (thrown) {
      this.#calls.host.onError(thrown, this.from);
    }
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      slot = { key, isBusy: false, waiting: 0 };
      this.#slots.set(key, slot);
    }
    return slot;
  }

  #start(slot: KeySlot, message: Message, receipt: Receipt | undefined): void {
    const run = this.#spare.pop() ?? new HandlerRun(this.#calls, this);
    slot.isBusy = true;
    this.#callDepth++;
    const isDone = run.start(message, receipt);
    this.#callDepth--;
    if (isDone) {
      this.#spare.push(run);
      this.#free(slot);
    } else if (this.#ending === undefined) this.#busy.set(run, slot);
    else if (this.#ending === "removed") run.abandon();
  }

  settled(run: HandlerRun<Message>): void {
    const slot = this.#busy.get(run);
    if (slot === undefined) return;
    this.#busy.delete(run);
    this.#spare.push(run);
    this.#free(slot);
    this.#fill();
    if (this.isAtRest) this.#calls.host.onRest();
  }

  #free(slot: KeySlot): void {
    slot.isBusy = false;
    if (slot.waiting > 0) this.#cursor = this.line.first;
    else this.#tidy(slot);
  }

  #tidy(slot: KeySlot): void {
    if (!slot.isBusy && slot.waiting === 0 && this.#slots.get(slot.key) === slot) this.#slots.delete(slot.key);
  }

  #fill(): void {
    if (this.#isFilling) return;
    // A place in the line that is freed may bring more in at once: it belongs behind what waits.
    this.#isFilling = true;
    while (this.#ending === undefined && this.#hasPlace()) {
      const waiting = this.#nextFree();
      if (waiting?.slot === undefined) break;
      const { slot } = waiting;
      this.#cursor = waiting.next;
      slot.waiting--;
      this.line.remove(waiting);
      this.#start(slot, waiting.message, waiting.receipt);
    }
    this.#isFilling = false;
  }

  #nextFree(): Waiting<Message, KeySlot> | undefined {
    let waiting = this.#cursor;
    while (waiting?.slot?.isBusy) waiting = waiting.next;
    this.#cursor = waiting;
    return waiting;
  }

  #forget(waiting: Waiting<Message, KeySlot>): void {
    if (this.#cursor === waiting) this.#cursor = waiting.next;
    const { slot } = waiting;
    if (slot === undefined) return;
    slot.waiting--;
    this.#tidy(slot);
  }
}
