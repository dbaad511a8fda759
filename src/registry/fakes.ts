import type { ServiceCall } from "../rest/service-call.ts";

/**
 * What can stand in for a service: any of its public members, or all of them.
 *
 * Not the class itself, since a class with `#private` fields is satisfied by its own instances alone, and every fake
 * would need a cast. Not all members either: a test that calls `createPayment` need not invent the other thirty.
 */
export type Fake<T> = { readonly [K in keyof T]?: FakeMember<T[K]> };

/** A fake's method may return a plain promise where the service's own returns a call, which also has `safe()`. */
export type FakeMember<M> = M extends (...args: infer Args) => ServiceCall<infer Value, infer _>
  ? (...args: Args) => PromiseLike<Value>
  : M;

/** Stand-ins by the names of the services that they replace. */
export type Fakes<S> = { readonly [N in keyof S]?: Fake<S[N]> | undefined };

/** What runs within `ServiceRegistry.with`, and what it may do there. */
export interface OverrideScope<S> {
  /** As `ServiceRegistry.override`, for this scope alone; at the end of the scope it is over in any case. */
  readonly override: (fakes: Fakes<S>) => (() => void) & Disposable;
}
