import { AsyncLocalStorage } from "node:async_hooks";

const scopes = new AsyncLocalStorage<LaneScope>();

// A handler may be added from anywhere, such as within `withDeadline`, whose limits must not become the handler's own.
const outside = AsyncLocalStorage.snapshot();

/** The scope of the lane from whose handler the running code was called, after an `await` too; undefined elsewhere. */
export function currentScope(): LaneScope | undefined {
  return scopes.getStore();
}

// So many handlings without a promise in a row, and the handler is taken for one that never returns any.
const plainAfter = 8;

/**
 * Runs the handler of a lane so that {@link currentScope} knows it.
 *
 * To enter an async context costs about 90 ns on Node 24, several times what the rest of a delivery costs. So it is
 * entered once for all that waited while a handler was busy, and not at all for a handler that has returned no promise
 * eight times in a row: what such a one calls, it calls while its lane is seen to run.
 */
export class LaneScope {
  #enter: ReturnType<typeof AsyncLocalStorage.snapshot> | undefined;
  #plainCalls = 0;

  /** What runs now is in it, or need not be. */
  get isEntered(): boolean {
    return this.#plainCalls >= plainAfter || scopes.getStore() === this;
  }

  run<A, B, C, R>(work: (a: A, b: B, c: C) => R, a: A, b: B, c: C): R {
    if (this.isEntered) return work(a, b, c);
    this.#enter ??= outside(() => scopes.run(this, () => AsyncLocalStorage.snapshot()));
    return this.#enter(work, a, b, c);
  }

  /** How the handler took a message: with a promise, or at once. */
  note(isPromise: boolean): void {
    if (isPromise) this.#plainCalls = 0;
    else if (this.#plainCalls < plainAfter) this.#plainCalls++;
  }
}
