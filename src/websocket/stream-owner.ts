import type { ExternalServiceError } from "../core/errors.ts";
import type { LifecycleState } from "../core/lifecycle.ts";
import type { DisconnectEvent } from "./connection/disconnect-event.ts";
import type { ConsumerName } from "./receive/lane.ts";
import type { UnsentMessage } from "./send/outgoing.ts";

/** What a stream calls on the service that it belongs to. */
export interface StreamOwner {
  lifecycle(): LifecycleState["phase"];
  onConnect(): void | Promise<void>;
  onDisconnect(event: DisconnectEvent): void | Promise<void>;
  onError(thrown: unknown, from: ConsumerName): void | Promise<void>;
  onFailed(event: FailedEvent): void | Promise<void>;
}

/** How a stream failed that had been open. */
export interface FailedEvent {
  /** Why: also what `connect()`, sends and iterators get, or its cause. */
  readonly error: ExternalServiceError;
  /** What was accepted and never written, in order. */
  readonly unsent: readonly UnsentMessage[];
}

/** What was left when a stream was closed. */
export interface StreamRemains {
  /** What was accepted and never written, in order. */
  readonly unsent: readonly UnsentMessage[];
  /** Messages that handlers had not been given yet, counted once for each. */
  readonly unhandled: number;
}
