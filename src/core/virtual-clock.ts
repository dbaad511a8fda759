import type { Clock, Timer } from "./clock.ts";
import { ServiceConfigurationError } from "./errors.ts";
import { Heap, type Keyed } from "./heap.ts";
import { OptionReader } from "./options.ts";

/** A timer that is set on a {@link VirtualClock}. */
export interface PendingTimer {
  /** When it fires, on the scale of `now()`. */
  readonly at: number;
  /** Milliseconds from now; below 0 where a `jump` has passed it. */
  readonly dueInMs: number;
  /** It holds nothing up: whoever set it does not mind that it never fires. */
  readonly isUnref: boolean;
}

/** How a {@link VirtualClock} begins. */
export interface VirtualClockOptions {
  /** What `wallNow()` says at first. @defaultValue 2026-01-01T00:00:00Z */
  readonly startAt?: Date | undefined;
}

class Event implements Keyed, Timer {
  readonly key: number;
  readonly order: number;
  isUnref = false;
  callback: (() => void) | undefined;

  constructor(at: number, order: number, callback: () => void) {
    this.key = at;
    this.order = order;
    this.callback = callback;
  }

  cancel(): void {
    this.callback = undefined;
  }

  ref(): void {
    this.isUnref = false;
  }

  unref(): void {
    this.isUnref = true;
  }
}

// How many events are run in one turn of Node's own loop.
const eventsPerTurn = 1_000;
// A date of its own, so that nothing depends on the day of the run.
const epoch = Date.UTC(2026, 0, 1);
// Taken before a test puts false timers in the place of the real ones: time stands still there.
const { setImmediate } = globalThis;

/**
 * A clock that stands still until it is moved; what is due happens in order of time and then of creation.
 *
 * With `using`, a test that forgets a timer is told: disposing throws where one is still set that was not unref'd.
 */
export class VirtualClock implements Clock, Disposable {
  #now = 0;
  #order = 0;
  #wallAhead: number;
  readonly #events = new Heap<Event>();

  /** @throws ServiceConfigurationError with every problem of the options at once. */
  constructor(options: VirtualClockOptions = {}) {
    const reader = new OptionReader("VirtualClock", options);
    const startAt = reader.any("startAt") ?? new Date(epoch);
    const startsAt = startAt instanceof Date ? startAt.getTime() : Number.NaN;
    if (!Number.isFinite(startsAt)) reader.problem("startAt must be a valid Date");
    reader.finish();
    this.#wallAhead = startsAt;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return this.#wallAhead + this.#now;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    // A delay that is no number counts as none, as it does for setTimeout.
    return this.#add(delayMs > 0 ? this.#now + delayMs : this.#now, callback);
  }

  /** Calls back at this moment, on the scale of `now()`; where it has passed, as a timer of 0 ms. */
  at(moment: number, callback: () => void): Timer {
    return this.#add(Math.max(moment, this.#now), callback);
  }

  /** The timers that are set, the next one first. */
  get pending(): readonly PendingTimer[] {
    return this.#events
      .values()
      .filter(({ callback }) => callback !== undefined)
      .toSorted((a, b) => a.key - b.key || a.order - b.order)
      .map(({ key: at, isUnref }) => ({ at, dueInMs: at - this.#now, isUnref }));
  }

  /** How many timers are set. */
  get timers(): number {
    return this.pending.length;
  }

  /**
   * Moves time on, firing what is due; promises settle, and what waits for the event loop happens, before the first
   * timer and after each.
   *
   * @param ms - of at least 0.
   * @throws what a timer throws; time has come to it then. ServiceConfigurationError for what is no length of time.
   */
  async advance(ms: number): Promise<void> {
    assertSpan("advance", ms);
    const until = this.#now + ms;
    await settled();
    for (let event = this.#next(until); event !== undefined; event = this.#next(until)) {
      this.#fire(event);
      await settled();
    }
    this.#now = Math.max(this.#now, until);
  }

  /**
   * Moves time on to the next timer and fires it, with all others of the same moment. Answers how many milliseconds
   * have passed; undefined where no timer is set.
   */
  async advanceToNext(): Promise<number | undefined> {
    await settled();
    const [next] = this.pending;
    if (next === undefined || next.at === Number.POSITIVE_INFINITY) return undefined;
    const passedMs = Math.max(0, next.dueInMs);
    await this.advance(passedMs);
    return passedMs;
  }

  /** Moves time on without firing anything in between, as a process that was suspended sees it. */
  jump(ms: number): void {
    assertSpan("jump", ms);
    this.#now += ms;
  }

  /** Moves the wall clock alone, forwards or back: somebody sets it, or the machine wakes up. */
  jumpWall(ms: number): void {
    if (!Number.isFinite(ms)) {
      throw new ServiceConfigurationError("VirtualClock", [`jumpWall needs milliseconds, not ${String(ms)}`]);
    }
    this.#wallAhead += ms;
  }

  /**
   * Runs every event up to this moment. All promises settle between two events, so that code written for a real loop
   * runs unmodified; sockets and files do not, which is what makes it ten times as fast as `advance`.
   *
   * Rejects with what an event throws.
   */
  run(until: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    let isOver = false;
    // Between two immediates of one turn, Node drains `process.nextTick` and all microtasks; nothing else does that
    // from JavaScript at this price (a turn of the loop for each event takes ten times as long).
    const step = (): void => {
      if (isOver) return;
      try {
        const event = this.#next(until);
        if (event === undefined) {
          isOver = true;
          this.#now = Math.max(this.#now, until);
          over.resolve();
        } else {
          this.#fire(event);
        }
      } catch (error) {
        isOver = true;
        over.reject(error);
      }
    };
    const turn = (): void => {
      if (isOver) return;
      for (let i = 0; i < eventsPerTurn; i++) setImmediate(step);
      setImmediate(turn);
    };
    turn();
    return over.promise;
  }

  /** Forgets every event that is still to come. */
  clear(): void {
    this.#events.clear();
  }

  /** @throws Error that names each timer that is set and was not unref'd. */
  assertIdle(): void {
    const left = this.pending.filter(({ isUnref }) => !isUnref);
    if (left.length === 0) return;
    const when = left.map(({ dueInMs }) => `in ${dueInMs} ms`).join(", ");
    throw new Error(
      `${left.length} ${left.length === 1 ? "timer is" : "timers are"} still set (due ${when}): close what set them, or advance the clock past them`,
    );
  }

  /** @throws as {@link VirtualClock.assertIdle}. */
  [Symbol.dispose](): void {
    this.assertIdle();
  }

  #add(at: number, callback: () => void): Event {
    const event = new Event(at, this.#order++, callback);
    this.#events.push(event);
    return event;
  }

  #fire(event: Event): void {
    // A jump may have passed it.
    if (event.key > this.#now) this.#now = event.key;
    const { callback } = event;
    event.callback = undefined;
    callback?.();
  }

  #next(until: number): Event | undefined {
    for (;;) {
      const event = this.#events.peek();
      if (event === undefined || event.key > until) return undefined;
      this.#events.pop();
      if (event.callback !== undefined) return event;
    }
  }
}

/** Lets every promise that can settle without time or I/O do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((done) => setImmediate(done));
}

function assertSpan(what: string, ms: number): void {
  if (Number.isFinite(ms) && ms >= 0) return;
  throw new ServiceConfigurationError("VirtualClock", [`${what} needs milliseconds of at least 0, not ${String(ms)}`]);
}
