import type { Clock } from "../../core/clock.ts";
import { DeadlineList } from "../../core/deadline-list.ts";
import { ServiceTimeoutError } from "../../core/errors.ts";
import type { HandlerTimeout, LaneHost } from "./handler-run.ts";
import { fitToKeep, type MessageFacts } from "./kept-messages.ts";
import { type KeyedConcurrency, KeyedLane, type KeySlot } from "./keyed-lane.ts";
import { type ConsumerName, HandlerLane, type HandlingLane, type Lane } from "./lane.ts";
import { currentScope, LaneScope } from "./lane-scope.ts";
import { IteratorLane, type MessageIterator } from "./message-iterator.ts";
import type { Pressure } from "./pressure.ts";
import { Receipt } from "./receipt.ts";
import { type InboxLimits, WaitingLine } from "./waiting-line.ts";

/** What an inbox is made with. */
export interface InboxSettings<Message> {
  readonly service: string;
  readonly operation: string;
  readonly limits: InboxLimits<Message>;
  /** What a handler may take, in milliseconds; as long as it wants where undefined. */
  readonly handlerTimeoutMs?: number | undefined;
  readonly clock: Clock;
}

/** How a consumer takes part. */
export interface LaneOptions<Message> {
  /** Messages of this subscription alone. */
  readonly topic?: string | undefined;
  readonly concurrency?: KeyedConcurrency<Message> | undefined;
}

/** One lane, as `stats()` shows it. */
export interface LaneDepth extends ConsumerName {
  /** Waiting, not in hand. */
  readonly messages: number;
  /** Of their frames. */
  readonly bytes: number;
  /** By `dropOldest`. */
  readonly dropped: number;
  /** Whose place another one took, by `coalesceByKey`. */
  readonly coalesced: number;
}

type Handler<Message> = (message: Message) => unknown;

const noLanes: readonly never[] = [];

const iterator: ConsumerName = { consumer: "iterator" };

/** The lanes of all consumers, and who gets what. */
export class Lanes<Message> {
  readonly #settings: InboxSettings<Message>;
  readonly #pressure: Pressure;
  readonly #host: LaneHost;
  /** Of each handling; undefined where handlers have no limit. */
  readonly #timeout: HandlerTimeout | undefined;
  /** In the order in which the consumers came. */
  #all: Lane<Message>[] = [];
  // Replaced and never changed: a handler may add and remove others while a message goes round.
  #general: readonly Lane<Message>[] = noLanes;
  /** Made with the first lane that has a topic. */
  #byTopic: Map<string, readonly Lane<Message>[]> | undefined;

  /** @param host - its `onRest` is called too when a lane is gone. */
  constructor(settings: InboxSettings<Message>, pressure: Pressure, host: LaneHost) {
    this.#settings = settings;
    this.#pressure = pressure;
    this.#host = host;
    const { clock, handlerTimeoutMs: limitMs } = settings;
    if (limitMs === undefined) return;
    const error = (from: ConsumerName): Error => this.#timeoutError(limitMs, from);
    this.#timeout = { limitMs, clock, deadlines: new DeadlineList(clock), error };
  }

  /** Messages in the fullest one. */
  get depth(): number {
    let most = 0;
    for (const lane of this.#all) most = Math.max(most, lane.line.size);
    return most;
  }

  /** Each lane, in the order in which the consumers came. */
  depths(): LaneDepth[] {
    return this.#all.map(({ line, from }) => ({
      ...from,
      messages: line.size,
      bytes: line.bytes,
      dropped: line.dropped,
      coalesced: line.coalesced,
    }));
  }

  /** Gets what comes from now on. One that is there already, with the same topic, stays where it is. */
  addHandler(handler: Handler<Message>, from: ConsumerName, options: LaneOptions<Message> = {}): void {
    const { topic, concurrency } = options;
    if (this.#laneOf(handler, topic) !== undefined) return;
    this.#join(this.#makeLane(handler, topic === undefined ? from : { ...from, topic }, concurrency), topic);
  }

  /** False where it was not there. What waits for it is dropped. */
  removeHandler(handler: Handler<Message>, topic?: string): boolean {
    const lane = this.#laneOf(handler, topic);
    if (lane === undefined) return false;
    this.#part(lane, topic);
    lane.remove();
    this.#host.onRest();
    return true;
  }

  /** An iterator over what comes from now on. `isOver`: nothing will. */
  iterate(signal: AbortSignal | undefined, topic: string | undefined, isOver: boolean): MessageIterator<Message> {
    const line = new WaitingLine<Message>(this.#settings.limits, this.#pressure);
    const from = topic === undefined ? iterator : { ...iterator, topic };
    const lane: IteratorLane<Message> = new IteratorLane<Message>(from, line, {
      signal,
      onRest: () => this.#host.onRest(),
      onLeave: () => {
        this.#part(lane, topic);
        this.#host.onRest();
      },
    });
    if (isOver) lane.end();
    else if (!(signal?.aborted ?? false)) this.#join(lane, topic);
    return lane;
  }

  /** Gives the message to each lane that it is for. */
  spread(message: Message, bytes: number, facts: MessageFacts | undefined): void {
    const general = this.#general;
    const topic = facts?.topic;
    const special = topic === undefined ? noLanes : this.#lanesOf(topic);
    const onHandled = facts?.onHandled;
    const receipt = onHandled === undefined ? undefined : new Receipt(onHandled);
    // One copy and one key for all lanes in which it waits.
    let kept: Message | undefined;
    let key: unknown;
    for (let index = 0; index < general.length + special.length; index++) {
      const lane = index < general.length ? general[index] : special[index - general.length];
      if (lane === undefined || lane.offer(message, receipt)) continue;
      if (kept === undefined) {
        kept = fitToKeep(message);
        key = this.#keyOf(message);
      }
      lane.wait(kept, bytes, receipt, key);
    }
    receipt?.done();
  }

  /** The scopes of handlers that are on the stack, or that the running code was called from. */
  callers(): ReadonlySet<LaneScope> {
    const callers = new Set<LaneScope>();
    const scope = currentScope();
    if (scope !== undefined) callers.add(scope);
    for (const lane of this.#all) if (lane.isCalling && lane.scope !== undefined) callers.add(lane.scope);
    return callers;
  }

  /** Nothing waits and nothing is in hand, but for these lanes. */
  areAtRest(except: ReadonlySet<LaneScope>): boolean {
    for (const lane of this.#all) {
      if (!lane.isAtRest && (lane.scope === undefined || !except.has(lane.scope))) return false;
    }
    return true;
  }

  /** Ends the iterators, after what they hold. */
  endIterators(error: unknown): void {
    for (const lane of this.#all.filter((one) => one instanceof IteratorLane)) {
      this.#part(lane, lane.from.topic);
      lane.end(error);
    }
  }

  /** Ends the handlers. Returns how many messages they were not given, counted once for each lane. */
  endHandlers(): number {
    let dropped = 0;
    for (const lane of this.#all.filter(isHandling)) {
      dropped += lane.line.size;
      lane.end();
    }
    this.#timeout?.deadlines.clear();
    return dropped;
  }

  #makeLane(
    handler: Handler<Message>,
    from: ConsumerName,
    concurrency: KeyedConcurrency<Message> | undefined,
  ): HandlingLane<Message> {
    const { limits } = this.#settings;
    const calls = { handler, from, host: this.#host, timeout: this.#timeout, scope: new LaneScope() };
    if (concurrency === undefined) return new HandlerLane(calls, new WaitingLine(limits, this.#pressure));
    return new KeyedLane<Message>(
      calls,
      concurrency,
      (onDrop) => new WaitingLine<Message, KeySlot>(limits, this.#pressure, onDrop),
    );
  }

  #timeoutError(limitMs: number, from: ConsumerName): ServiceTimeoutError {
    const who = from.handler === undefined || from.handler === "" ? from.consumer : `${from.consumer} ${from.handler}`;
    return new ServiceTimeoutError("handler", limitMs, {
      service: this.#settings.service,
      operation: this.#settings.operation,
      phase: "receive",
      // The message came; what the handler made of it is its own affair.
      outcome: "accepted",
      detail: `${who} has not settled within ${Math.round(limitMs)} ms, and its lane goes on without it`,
    });
  }

  #join(lane: Lane<Message>, topic: string | undefined): void {
    // Most streams have one lane: a push would reserve room for seventeen, and a spread for as many again.
    if (this.#all.length === 0) this.#all = [lane];
    else this.#all.push(lane);
    if (topic === undefined) this.#general = this.#general.concat([lane]);
    else (this.#byTopic ??= new Map()).set(topic, this.#lanesOf(topic).concat([lane]));
  }

  #part(lane: Lane<Message>, topic: string | undefined): void {
    const index = this.#all.indexOf(lane);
    if (index !== -1) this.#all.splice(index, 1);
    const others = this.#lanesOf(topic).filter((one) => one !== lane);
    if (topic === undefined) this.#general = others;
    else if (others.length === 0) this.#byTopic?.delete(topic);
    else this.#byTopic?.set(topic, others);
  }

  #lanesOf(topic: string | undefined): readonly Lane<Message>[] {
    return topic === undefined ? this.#general : (this.#byTopic?.get(topic) ?? noLanes);
  }

  #laneOf(handler: Handler<Message>, topic: string | undefined): HandlingLane<Message> | undefined {
    return this.#lanesOf(topic)
      .filter(isHandling)
      .find((lane) => lane.handler === handler);
  }

  #keyOf(message: Message): unknown {
    const { limits } = this.#settings;
    if (limits.whenFull !== "coalesceByKey") return undefined;
    try {
      return limits.keyOf?.(message);
    } catch (thrown) {
      this.#host.onError(thrown, { consumer: "inbox" });
      return undefined;
    }
  }
}

function isHandling<Message>(lane: Lane<Message>): lane is HandlingLane<Message> {
  return "handler" in lane;
}
