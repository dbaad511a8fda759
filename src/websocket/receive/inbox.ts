import { AsyncLocalStorage } from "node:async_hooks";
import { fitToKeep, KeptMessages, type MessageFacts } from "./kept-messages.ts";
import type { ConsumerName } from "./lane.ts";
import type { LaneScope } from "./lane-scope.ts";
import { type InboxSettings, type LaneDepth, type LaneOptions, Lanes } from "./lanes.ts";
import type { MessageIterator } from "./message-iterator.ts";
import type { LaneHost } from "./handler-run.ts";
import { Pressure, type PressureHooks } from "./pressure.ts";

export type { MessageFacts } from "./kept-messages.ts";
export type { InboxSettings, LaneDepth, LaneOptions } from "./lanes.ts";
export type { InboxLimits } from "./waiting-line.ts";

/** What an inbox tells. Neither may throw. */
export interface InboxHooks {
  /** The connection of this generation is to be read no more (true), or again (false). */
  onPressure(isFull: boolean, generation: number): void;
  onError(thrown: unknown, from: ConsumerName): void;
}

/** A connection that is being prepared. */
interface Preparing<Message> {
  readonly generation: number;
  readonly kept: KeptMessages<Message>;
  isPaused: boolean;
}

interface IdleWaiter {
  readonly callers: ReadonlySet<LaneScope>;
  readonly resolve: () => void;
}

const nobody: readonly never[] = [];

// Room is made by a reader that takes, within a deadline perhaps, or by another consumer's handler: what comes in then
// is handled in neither's name.
const outside = AsyncLocalStorage.snapshot();

/**
 * What came in and was not consumed yet: a lane for each consumer.
 *
 * One connection at a time flows into the lanes. What comes on one that is being prepared is kept aside, and joins the
 * lanes when it flows, as far as they have room.
 */
export class Inbox<Message> implements PressureHooks, LaneHost {
  readonly #settings: InboxSettings<Message>;
  readonly #hooks: InboxHooks;
  readonly #pressure: Pressure;
  readonly #lanes: Lanes<Message>;
  #flowing: number | undefined;
  #isShut = false;
  /** True exactly while the flowing connection is told to pause. */
  #isPaused = false;
  /** What flows and has to wait for room in the lanes, in front of all that comes. */
  readonly #backlog = new KeptMessages<Message>();
  #preparing: Preparing<Message> | undefined;
  /** A message is going round: the next one must wait until every lane has it. */
  #isSpreading = false;
  #idleWaiters: readonly IdleWaiter[] = nobody;

  constructor(settings: InboxSettings<Message>, hooks: InboxHooks) {
    this.#settings = settings;
    this.#hooks = hooks;
    this.#pressure = new Pressure(this);
    this.#lanes = new Lanes(settings, this.#pressure, this);
  }

  /** True exactly while the flowing connection is to be read no more. */
  get isFull(): boolean {
    return this.#isPaused;
  }

  /** Messages in the fullest lane, with those that wait for room in the lanes. */
  get depth(): number {
    return this.#lanes.depth + this.#backlog.size + (this.#preparing?.kept.size ?? 0);
  }

  /** Each lane, in the order in which the consumers came. */
  depths(): LaneDepth[] {
    return this.#lanes.depths();
  }

  /** Gets what comes from now on. A handler that is there already, with the same topic, stays where it is. */
  addHandler(handler: (message: Message) => unknown, from: ConsumerName, options: LaneOptions<Message> = {}): void {
    this.#lanes.addHandler(handler, from, options);
  }

  /** False where it was not there. What waits for it is dropped. */
  removeHandler(handler: (message: Message) => unknown, topic?: string): boolean {
    return this.#lanes.removeHandler(handler, topic);
  }

  /** An iterator over what comes from now on, of one subscription where `topic` names it. */
  iterate(signal?: AbortSignal, topic?: string): MessageIterator<Message> {
    return this.#lanes.iterate(signal, topic, this.#isShut);
  }

  /** A message of the flowing connection goes to the lanes, one of a held connection aside, any other nowhere. */
  push(generation: number, message: Message, bytes: number, facts?: MessageFacts): void {
    if (generation !== this.#flowing) this.#keep(generation, message, bytes, facts);
    else if (this.#isShut) return;
    // Paused, there is still what was read already: it waits, so that lanes keep to their bounds.
    else if (this.#isSpreading || this.#isPaused) this.#backlog.push(fitToKeep(message), bytes, facts);
    else {
      this.#spread(message, bytes, facts);
      if (this.#backlog.size > 0 || this.#isPaused !== this.#pressure.isFull) this.#flowOn();
    }
  }

  /** Keeps aside what comes on this connection, which is newer than the flowing one. Any other held one is forgotten. */
  hold(generation: number): void {
    if (this.#isShut || generation === this.#preparing?.generation) return;
    if (this.#flowing !== undefined && generation <= this.#flowing) return;
    this.#preparing = { generation, kept: new KeptMessages(), isPaused: false };
    this.#tellPreparing();
  }

  /**
   * Delivers what was kept of this connection, then what comes on it; older ones are heard no more.
   *
   * @param deliver - gets what was kept, one by one, and pushes what of it is to be delivered. @defaultValue all of it
   */
  release(
    generation: number,
    deliver: (message: Message, bytes: number, facts: MessageFacts | undefined) => void = (...kept) =>
      this.push(generation, ...kept),
  ): void {
    if (this.#isShut || (this.#flowing !== undefined && generation <= this.#flowing)) return;
    const held = this.#preparing?.generation === generation ? this.#preparing : undefined;
    // It may still owe answers to requests; what else it brings is not wanted.
    if (this.#isPaused && this.#flowing !== undefined) this.#hooks.onPressure(false, this.#flowing);
    this.#flowing = generation;
    this.#isPaused = held?.isPaused ?? false;
    this.#preparing = undefined;
    // All of it goes into the backlog first, which lets in what the lanes have room for.
    this.#isSpreading = true;
    try {
      for (let next = held?.kept.shift(); next !== undefined; next = held?.kept.shift()) {
        deliver(next.message, next.bytes, next.facts);
      }
    } finally {
      this.#isSpreading = false;
    }
    this.#flowOn();
  }

  /** Drops what was kept of this connection, which is over. */
  forget(generation: number): void {
    if (this.#preparing?.generation === generation) this.#preparing = undefined;
  }

  /** Discards whatever still comes; what had come still goes to the lanes. Nothing is held up by them any more. */
  shut(): void {
    const preparing = this.#preparing;
    this.#preparing = undefined;
    this.#isShut = true;
    if (preparing?.isPaused) this.#hooks.onPressure(false, preparing.generation);
    // What is discarded needs no room, and answers to requests or the peer's Close may be among it.
    this.#tellFlowing();
  }

  /** The handlers that are on the stack, or were called on the way here: what {@link Inbox.idle} leaves out. */
  callers(): ReadonlySet<LaneScope> {
    return this.#lanes.callers();
  }

  /**
   * Resolves when no lane has anything left but those whose handlers wait here themselves: the other handlers have
   * settled, iterators have taken all. To be called before any `await`, or with what {@link Inbox.callers} was then.
   */
  async idle(callers: ReadonlySet<LaneScope> = this.callers()): Promise<void> {
    // A message that is going round has reached every lane after this turn.
    await Promise.resolve();
    await new Promise<void>((resolve) => {
      this.#idleWaiters = [...this.#idleWaiters, { callers, resolve }];
      this.onRest();
    });
  }

  /**
   * The stream is over. Iterators end after what came for them. With an error the handlers stay for the next start, and
   * get what they were sent; without, what they were not given yet is dropped.
   *
   * @returns how many messages were dropped, counted once for each lane.
   */
  end(error?: unknown): number {
    this.#preparing = undefined;
    const isFinal = error === undefined;
    const dropped = isFinal ? this.#backlog.size + this.#lanes.endHandlers() : 0;
    this.#giveBacklog(isFinal);
    this.#lanes.endIterators(error);
    this.onRest();
    return dropped;
  }

  /** Beyond the bounds of the lanes, for once: nothing more comes that they would have to make room for. */
  #giveBacklog(isFinal: boolean): void {
    if (this.#isSpreading) return;
    for (let next = this.#backlog.shift(); next !== undefined; next = this.#backlog.shift()) {
      const { message, bytes, facts } = next;
      // Handlers get no more of it: that the iterators have read it must not count as handled.
      this.#spread(message, bytes, isFinal ? { topic: facts?.topic } : facts);
    }
  }

  /** Of its own lanes. */
  onFull(): void {
    this.#tellFlowing();
  }

  /** Of its own lanes. */
  onRelief(): void {
    outside(() => this.#flowOn());
  }

  /** Of its own lanes. */
  onError(thrown: unknown, from: ConsumerName): void {
    this.#hooks.onError(thrown, from);
  }

  #spread(message: Message, bytes: number, facts: MessageFacts | undefined): void {
    this.#isSpreading = true;
    this.#lanes.spread(message, bytes, facts);
    this.#isSpreading = false;
  }

  #keep(generation: number, message: Message, bytes: number, facts: MessageFacts | undefined): void {
    const held = this.#preparing;
    if (held?.generation !== generation) return;
    held.kept.push(fitToKeep(message), bytes, facts);
    this.#tellPreparing();
  }

  // A place in a lane that is freed while a message goes round brings in nothing: whoever hands it round looks again.
  #flowOn(): void {
    if (this.#isSpreading) return;
    while (!this.#pressure.isFull) {
      const next = this.#backlog.shift();
      if (next === undefined) break;
      this.#spread(next.message, next.bytes, next.facts);
    }
    this.#tellFlowing();
    this.#tellPreparing();
  }

  #tellFlowing(): void {
    const isPaused = !this.#isShut && (this.#pressure.isFull || this.#backlog.size > 0);
    if (isPaused === this.#isPaused || this.#flowing === undefined) return;
    this.#isPaused = isPaused;
    this.#hooks.onPressure(isPaused, this.#flowing);
  }

  // The backlog counts: else a handler that hangs would let a lane's worth of messages in with each new connection.
  #tellPreparing(): void {
    const held = this.#preparing;
    if (held === undefined) return;
    const { maxMessages, maxBytes } = this.#settings.limits;
    const share = held.isPaused ? 2 : 1;
    const messages = (this.#backlog.size + held.kept.size) * share;
    const bytes = (this.#backlog.bytes + held.kept.bytes) * share;
    const isPaused = held.isPaused
      ? messages > maxMessages || bytes > maxBytes
      : messages >= maxMessages || bytes >= maxBytes;
    if (isPaused === held.isPaused) return;
    held.isPaused = isPaused;
    this.#hooks.onPressure(isPaused, held.generation);
  }

  // With all others at rest, a backlog can only wait for room in the lane of a caller, who waits for us.
  #isIdle(callers: ReadonlySet<LaneScope>): boolean {
    return this.#lanes.areAtRest(callers) && (this.#backlog.size === 0 || this.#pressure.isFull);
  }

  /** Of its own lanes, and when nothing is left at the end. */
  onRest(): void {
    if (this.#idleWaiters.length === 0) return;
    // Handlers that wait here for one another are waited for by none.
    const callers = new Set(this.#idleWaiters.flatMap((waiter) => [...waiter.callers]));
    if (!this.#isIdle(callers)) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = nobody;
    for (const waiter of waiters) waiter.resolve();
  }
}
