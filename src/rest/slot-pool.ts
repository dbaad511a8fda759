import type { Dispatcher } from "undici";
import type { CredentialNames } from "../core/auth/read-auth.ts";
import type { ConnectionUse, ConnectionWitness } from "./connection-use.ts";

/**
 * What is dispatched: with `witness`, it is told which connection takes it. `credentials` says what of it is secret, to
 * dispatchers that show or keep what they are given; undici's own look at neither.
 */
export interface WitnessedOptions extends Dispatcher.DispatchOptions {
  readonly witness?: ConnectionWitness | undefined;
  readonly credentials?: CredentialNames | undefined;
}

/** What takes the requests of a service. */
export interface RequestPool {
  dispatch(options: WitnessedOptions, handler: Dispatcher.DispatchHandler): unknown;
  /** Takes nothing new, and resolves when everything under way, and waiting, has ended. */
  close(): Promise<void>;
  destroy(): Promise<void>;
}

type SlotOptions = WitnessedOptions & { readonly witness: ConnectionWitness };

interface Waiting {
  readonly options: SlotOptions;
  readonly handler: Dispatcher.DispatchHandler;
}

/**
 * A pool of clients with one connection each, for requests that say themselves when they are over (see
 * {@link ConnectionUse.free}). undici's own pool asks its clients one by one which of them is free, and keeps a
 * resource for whoever waits: measured, a fifth of a call. Here the place that was freed last, whose connection is
 * the surest to be alive, is taken first. Requests to other origins, where redirects lead, go elsewhere.
 */
export class SlotPool implements RequestPool {
  readonly #origin: string;
  readonly #maxSlots: number;
  readonly #makeClient: () => Dispatcher;
  readonly #makeElsewhere: () => RequestPool;
  #elsewhere: RequestPool | undefined;
  readonly #slots: Slot[] = [];
  readonly #free: Slot[] = [];
  #waiting: (Waiting | undefined)[] = [];
  /** Of `#waiting`: what stood before it is gone, and its places are cut off now and then. */
  #first = 0;
  #closing: PromiseWithResolvers<void> | undefined;

  constructor(origin: string, maxSlots: number, makeClient: () => Dispatcher, makeElsewhere: () => RequestPool) {
    this.#origin = origin;
    this.#maxSlots = maxSlots;
    this.#makeClient = makeClient;
    this.#makeElsewhere = makeElsewhere;
  }

  dispatch(options: WitnessedOptions, handler: Dispatcher.DispatchHandler): void {
    if (options.origin !== this.#origin || !isWitnessed(options)) {
      (this.#elsewhere ??= this.#makeElsewhere()).dispatch(options, handler);
      return;
    }
    const slot = this.#free.pop() ?? this.#grow();
    if (slot === undefined) this.#waiting.push({ options, handler });
    else slot.take(options, handler);
  }

  async close(): Promise<void> {
    this.#closing ??= Promise.withResolvers<void>();
    this.#endIfIdle();
    await Promise.all([this.#closing.promise, this.#elsewhere?.close()]);
  }

  async destroy(): Promise<void> {
    this.#closing ??= Promise.withResolvers<void>();
    this.#closing.resolve();
    // Calls are ended before their pool is: whoever still waits here has long been answered.
    this.#waiting = [];
    this.#first = 0;
    await Promise.all([...this.#slots.map(({ client }) => client.destroy()), this.#elsewhere?.destroy()]);
  }

  /** A place has become free. */
  freed(slot: Slot): void {
    const next = this.#next();
    if (next !== undefined) {
      slot.take(next.options, next.handler);
      return;
    }
    this.#free.push(slot);
    if (this.#closing !== undefined) this.#endIfIdle();
  }

  #grow(): Slot | undefined {
    if (this.#slots.length >= this.#maxSlots) return undefined;
    const slot = new Slot(this, this.#makeClient());
    this.#slots.push(slot);
    return slot;
  }

  #next(): Waiting | undefined {
    while (this.#first < this.#waiting.length) {
      const waiting = this.#waiting[this.#first];
      // It would be held, with its answer, until the places are cut off.
      this.#waiting[this.#first++] = undefined;
      if (this.#first === 1024) {
        this.#waiting = this.#waiting.slice(this.#first);
        this.#first = 0;
      }
      // Whoever was given up meanwhile takes no place.
      if (waiting !== undefined && !waiting.options.witness.isOver) return waiting;
    }
    this.#waiting.length = 0;
    this.#first = 0;
    return undefined;
  }

  #endIfIdle(): void {
    if (this.#free.length < this.#slots.length) return;
    const closed = Promise.all(this.#slots.map(({ client }) => client.close()));
    // Who is destroyed while it closes says so by a rejection, and is closed all the same.
    this.#closing?.resolve(
      closed.then(
        () => undefined,
        () => undefined,
      ),
    );
  }
}

const isWitnessed = (options: WitnessedOptions): options is SlotOptions => options.witness !== undefined;

/** A place in the pool: one client, which has one connection at a time and one request on it. */
class Slot implements ConnectionUse {
  answers = 0;
  readonly client: Dispatcher;
  readonly #pool: SlotPool;

  constructor(pool: SlotPool, client: Dispatcher) {
    this.#pool = pool;
    this.client = client;
    // Told before the first request is written to the new connection.
    client.on("connect", () => {
      this.answers = 0;
    });
  }

  take(options: SlotOptions, handler: Dispatcher.DispatchHandler): void {
    options.witness.use = this;
    this.client.dispatch(options, handler);
  }

  free(): void {
    this.#pool.freed(this);
  }
}
