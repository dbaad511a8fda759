import { type Channel, channel } from "node:diagnostics_channel";
import type { AttemptRecord, ErrorCode, Outcome } from "./errors.ts";
import type { LifecycleState } from "./lifecycle.ts";

/** What is published, by channel name. A subscriber gets the plain object; nothing in it is secret. */
export interface ServiceEvents {
  "hawser:lifecycle": { readonly service: string; readonly phase: LifecycleState["phase"] };
  /** A call was accepted by the service object. */
  "hawser:call:start": { readonly service: string; readonly operation: string; readonly callId: number };
  /** One attempt ended, with or without success. */
  "hawser:attempt": {
    readonly service: string;
    readonly operation: string;
    readonly callId: number;
    readonly attempt: AttemptRecord;
  };
  /** Another attempt was decided on; it starts after `delayMs`. */
  "hawser:retry": {
    readonly service: string;
    readonly operation: string;
    readonly callId: number;
    /** The number of the attempt to come: 2 for the first retry. */
    readonly attempt: number;
    readonly delayMs: number;
    readonly because: ErrorCode;
  };
  /** A call is over. One whose body its caller reads is over when that is: read to its end, failed or given up. */
  "hawser:call:end": {
    readonly service: string;
    readonly operation: string;
    readonly callId: number;
    readonly durationMs: number;
    readonly attempts: number;
    /** `aborted`: the caller's own signal ended it. */
    readonly result: "success" | "failure" | "aborted";
    readonly status?: number;
    readonly code?: ErrorCode;
    readonly outcome?: Outcome;
  };
  /** A stream moved to another state. */
  "hawser:stream": {
    readonly service: string;
    readonly state: string;
    /** Counts the sockets of this stream, from 1. */
    readonly generation: number;
    readonly code?: ErrorCode;
    /** Where the state is `reconnecting`: milliseconds until the next dial. */
    readonly delayMs?: number;
  };
  /** An attempt to connect a stream ended: its connection is ready, or there is a code. */
  "hawser:stream:attempt": {
    readonly service: string;
    readonly generation: number;
    /** Scheme, host and path; absent where it was not known yet. */
    readonly endpoint?: string;
    readonly durationMs: number;
    readonly code?: ErrorCode;
  };
  /** One message came in, or was handed to the kernel. */
  "hawser:stream:message": {
    readonly service: string;
    readonly generation: number;
    readonly direction: "in" | "out";
    readonly bytes: number;
  };
  /** A pong came. */
  "hawser:stream:ping": { readonly service: string; readonly rttMs: number };
  /** Reading a stream stopped, because a consumer is slow, or went on. */
  "hawser:stream:pressure": {
    readonly service: string;
    readonly isPaused: boolean;
    /** Messages that wait. */
    readonly depth: number;
  };
}

type Named = { readonly [Name in keyof ServiceEvents]: Channel };

const channels: Named = {
  "hawser:lifecycle": channel("hawser:lifecycle"),
  "hawser:call:start": channel("hawser:call:start"),
  "hawser:attempt": channel("hawser:attempt"),
  "hawser:retry": channel("hawser:retry"),
  "hawser:call:end": channel("hawser:call:end"),
  "hawser:stream": channel("hawser:stream"),
  "hawser:stream:attempt": channel("hawser:stream:attempt"),
  "hawser:stream:message": channel("hawser:stream:message"),
  "hawser:stream:ping": channel("hawser:stream:ping"),
  "hawser:stream:pressure": channel("hawser:stream:pressure"),
};

/** True where somebody listens; ask it before an event that costs something is put together. */
export function hasSubscribers(name: keyof ServiceEvents): boolean {
  return channels[name].hasSubscribers;
}

/** Publishes on Node's `diagnostics_channel`; free where nobody listens. */
export function publish<Name extends keyof ServiceEvents>(name: Name, event: ServiceEvents[Name]): void {
  if (channels[name].hasSubscribers) channels[name].publish(event);
}

/**
 * Listens to one kind of event of every service in the process.
 *
 * @returns a function that ends it; also disposable with `using`.
 */
export function subscribe<Name extends keyof ServiceEvents>(
  name: Name,
  listener: (event: ServiceEvents[Name]) => void,
): (() => void) & Disposable {
  const receive = (event: unknown): void => listener(event as ServiceEvents[Name]);
  const source = channels[name];
  source.subscribe(receive);
  const stop = (): void => {
    source.unsubscribe(receive);
  };
  return Object.assign(stop, { [Symbol.dispose]: stop });
}
