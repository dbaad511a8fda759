import { AsyncLocalStorage } from "node:async_hooks";
import type { Sink } from "./outgoing.ts";

/** The connection that the running code prepares: what that code sends goes before what the rest of the program sends. */
interface PreparingScope {
  /** The stream that it is a connection of. */
  readonly owner: object;
  readonly sink: Sink;
  /** False once it is prepared, or has come to nothing: what the code leaves behind, a timer say, sends like any other. */
  isPreparing: boolean;
}

const preparing = new AsyncLocalStorage<PreparingScope>();

/** Runs what prepares a connection, such as `onConnect`, so that {@link preparedSink} knows it. */
export async function prepareWithin(owner: object, sink: Sink, work: () => Promise<void>): Promise<void> {
  const scope: PreparingScope = { owner, sink, isPreparing: true };
  try {
    await preparing.run(scope, work);
  } finally {
    scope.isPreparing = false;
  }
}

/** The connection of this stream that the running code prepares; also one that was lost meanwhile. */
export function preparedSink(owner: object): Sink | undefined {
  const scope = preparing.getStore();
  return scope?.owner === owner && scope.isPreparing ? scope.sink : undefined;
}
