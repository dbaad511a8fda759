import { type ServiceEvents, subscribe } from "../../src/core/events.ts";

type Retry = ServiceEvents["hawser:retry"];

/** Resolves when the next retry is decided on; its timer is set by then. To be called before the call is made. */
export async function nextRetry(): Promise<Retry> {
  const { promise, resolve } = Promise.withResolvers<Retry>();
  using _ = subscribe("hawser:retry", resolve);
  return await promise;
}
