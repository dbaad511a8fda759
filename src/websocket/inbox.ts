import { type ConsumerName, HandlerLane, type Lane, MeasuredFifo, type Parcel } from "./lane.ts";
import { IteratorLane, type MessageIterator } from "./message-iterator.ts";

/** Bounds of each lane. */
export interface InboxLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

type Handler<Message> = (message: Message) => unknown;

/**
 * What came in and was not consumed yet: a lane for each consumer.
 *
 * `flow` is `held` while a connection is being prepared: messages are kept aside, and join the lanes on `release`.
 */
export class Inbox<Message> {
  readonly #limits: InboxLimits;
  /** What a lane must stay below before the reader goes on: more than half of it is too much. */
  readonly #relief: InboxLimits;
  readonly #onPressure: (isFull: boolean) => void;
  readonly #onError: (thrown: unknown, from: ConsumerName) => void;
  readonly #handlers = new Map<Handler<Message>, HandlerLane<Message>>();
  readonly #lanes = new Set<Lane<Message>>();
  readonly #held: MeasuredFifo<Message>;
  #flow: "held" | "open" | "shut" = "held";
  /** True exactly while the reader has been told to pause. */
  #isFull = false;

  /** @param hooks - `onPressure`: a lane became full (true), or all have room again (false). */
  constructor(
    limits: InboxLimits,
    hooks: {
      readonly onPressure: (isFull: boolean) => void;
      readonly onError: (thrown: unknown, from: ConsumerName) => void;
    },
  ) {
    this.#limits = limits;
    this.#relief = {
      maxMessages: Math.floor(limits.maxMessages / 2) + 1,
      maxBytes: Math.floor(limits.maxBytes / 2) + 1,
    };
    this.#onPressure = hooks.onPressure;
    this.#onError = hooks.onError;
    this.#held = new MeasuredFifo(this.#relieve);
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Messages in the fullest lane. */
  get depth(): number {
    let most = this.#held.size;
    for (const lane of this.#lanes) most = Math.max(most, lane.size);
    return most;
  }

  /** A handler that is there already stays where it is. */
  addHandler(handler: Handler<Message>, from: ConsumerName): void {
    if (this.#handlers.has(handler)) return;
    const lane = new HandlerLane(handler, (thrown) => this.#onError(thrown, from), this.#relieve);
    this.#handlers.set(handler, lane);
    this.#lanes.add(lane);
  }

  /** False where it was not there. What waits for it is dropped. */
  removeHandler(handler: Handler<Message>): boolean {
    const lane = this.#handlers.get(handler);
    if (lane === undefined) return false;
    this.#handlers.delete(handler);
    this.#lanes.delete(lane);
    lane.end();
    return true;
  }

  /** An iterator over what comes from now on. */
  iterate(signal: AbortSignal | undefined): MessageIterator<Message> {
    const lane: IteratorLane<Message> = new IteratorLane<Message>({
      signal,
      onTaken: this.#relieve,
      onLeave: () => {
        this.#lanes.delete(lane);
        this.#relieve();
      },
    });
    if (this.#flow === "shut") lane.end();
    else if (!(signal?.aborted ?? false)) this.#lanes.add(lane);
    return lane;
  }

  push(message: Message, bytes: number): void {
    if (this.#flow === "shut") return;
    const parcel = { message, bytes };
    if (this.#flow === "held") this.#held.push(parcel);
    else for (const lane of this.#lanes) lane.push(parcel);
    if (!this.#isFull && this.#reaches(this.#limits)) this.#setFull(true);
  }

  /** Keeps what comes aside; what was kept of an earlier connection is dropped with it. */
  hold(): void {
    this.#flow = "held";
    this.#held.clear();
  }

  /** Delivers what was kept, then what comes. */
  release(): void {
    this.#flow = "open";
    for (let parcel = this.#held.take(); parcel !== undefined; parcel = this.#held.take()) this.#spread(parcel);
    if (!this.#isFull && this.#reaches(this.#limits)) this.#setFull(true);
  }

  /** Discards whatever still comes. */
  shut(): void {
    this.#flow = "shut";
  }

  /**
   * The stream is over. Iterators end after what they hold. With an error the handlers stay for the next start, and
   * get what they were sent; without, what they were not given yet is dropped.
   *
   * @returns how many messages were dropped.
   */
  end(error?: unknown): number {
    let dropped = 0;
    for (const lane of this.#lanes) {
      if (lane instanceof IteratorLane) this.#lanes.delete(lane);
      else if (error !== undefined) continue;
      else dropped += lane.size;
      lane.end(error);
    }
    this.#held.clear();
    return dropped;
  }

  #spread(parcel: Parcel<Message>): void {
    for (const lane of this.#lanes) lane.push(parcel);
  }

  readonly #relieve = (): void => {
    // Half, not just below the bound: a reader that is switched at every message costs more than it saves.
    if (this.#isFull && !this.#reaches(this.#relief)) this.#setFull(false);
  };

  #reaches(bound: InboxLimits): boolean {
    if (this.#held.size >= bound.maxMessages || this.#held.bytes >= bound.maxBytes) return true;
    for (const lane of this.#lanes) if (lane.size >= bound.maxMessages || lane.bytes >= bound.maxBytes) return true;
    return false;
  }

  #setFull(isFull: boolean): void {
    this.#isFull = isFull;
    this.#onPressure(isFull);
  }
}
