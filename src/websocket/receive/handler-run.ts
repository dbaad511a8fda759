import type { DeadlineEntry, DeadlineList } from "../../core/deadline-list.ts";
import type { Clock } from "../../core/clock.ts";
import type { ConsumerName } from "./lane.ts";
import type { LaneScope } from "./lane-scope.ts";
import type { Receipt } from "./receipt.ts";

/** The limit of one handling. */
export interface HandlerTimeout {
  readonly limitMs: number;
  readonly clock: Clock;
  readonly deadlines: DeadlineList;
  /** What is told of a handling by this consumer that took longer. */
  error(from: ConsumerName): Error;
}

/** Told by all lanes. None of these may throw. */
export interface LaneHost {
  onError(thrown: unknown, from: ConsumerName): void;
  /** A lane is done with its last message. */
  onRest(): void;
}

/** A handler, and what is done about it. */
export interface HandlerCalls<Message> {
  readonly handler: (message: Message) => unknown;
  readonly from: ConsumerName;
  readonly host: LaneHost;
  readonly timeout: HandlerTimeout | undefined;
  readonly scope: LaneScope;
}

/** The lane of a run. */
export interface RunOwner<Message> {
  /** A handling of which {@link HandlerRun.start} returned false is over. */
  settled(run: HandlerRun<Message>): void;
}

/** One call of a handler at a time: what it throws is told, and when it has settled, or taken too long. */
export class HandlerRun<Message> implements DeadlineEntry {
  readonly #calls: HandlerCalls<Message>;
  readonly #owner: RunOwner<Message>;
  expiresAt: number = Number.POSITIVE_INFINITY;
  previousEntry: DeadlineEntry | undefined = undefined;
  nextEntry: DeadlineEntry | undefined = undefined;
  /** Of the message that is being handled, with the promise of its handler pending. */
  #receipt: Receipt | undefined;
  /** Which call is waited for; a call of an older number settles late, and nobody waits for it. */
  #turn = 0;

  constructor(calls: HandlerCalls<Message>, owner: RunOwner<Message>) {
    this.#calls = calls;
    this.#owner = owner;
  }

  get calls(): HandlerCalls<Message> {
    return this.#calls;
  }

  /** Calls the handler. True where that was all; false where its promise is to be waited for. */
  start(message: Message, receipt: Receipt | undefined): boolean {
    const { scope } = this.#calls;
    return scope.isEntered ? this.#call(message, receipt) : scope.run(HandlerRun.#begin, this, message, receipt);
  }

  /** Waits no longer: its message counts as handled, and nothing more is told but what the handler throws. */
  abandon(): void {
    const receipt = this.#receipt;
    this.#stopWaiting();
    receipt?.done();
  }

  expire(): void {
    const { from, timeout } = this.#calls;
    if (timeout !== undefined) this.#tell(timeout.error(from));
    this.#finish();
  }

  // One for all runs.
  static readonly #begin = <T>(run: HandlerRun<T>, message: T, receipt: Receipt | undefined): boolean =>
    run.#call(message, receipt);

  #call(message: Message, receipt: Receipt | undefined): boolean {
    const { handler, scope } = this.#calls;
    let pending: PromiseLike<unknown> | undefined;
    try {
      const result = handler(message);
      if (isPromiseLike(result)) pending = result;
    } catch (thrown) {
      this.#tell(thrown);
    }
    scope.note(pending !== undefined);
    if (pending !== undefined) {
      this.#wait(pending, receipt);
      return false;
    }
    receipt?.done();
    return true;
  }

  #wait(pending: PromiseLike<unknown>, receipt: Receipt | undefined): void {
    const { timeout } = this.#calls;
    const turn = ++this.#turn;
    this.#receipt = receipt;
    if (timeout !== undefined) {
      this.expiresAt = timeout.clock.now() + timeout.limitMs;
      timeout.deadlines.add(this);
    }
    // Through a promise of our own: a foreign one may settle twice, or throw.
    Promise.resolve(pending).then(
      () => this.#settled(turn),
      (thrown: unknown) => {
        this.#tell(thrown);
        this.#settled(turn);
      },
    );
  }

  #tell(thrown: unknown): void {
    const { host, from } = this.#calls;
    host.onError(thrown, from);
  }

  #settled(turn: number): void {
    if (turn === this.#turn) this.#finish();
  }

  #finish(): void {
    const receipt = this.#receipt;
    this.#stopWaiting();
    receipt?.done();
    this.#owner.settled(this);
  }

  #stopWaiting(): void {
    this.#turn++;
    this.#receipt = undefined;
    this.#calls.timeout?.deadlines.remove(this);
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
