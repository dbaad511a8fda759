import type { ExternalServiceError } from "../core/errors.ts";
import type { Heartbeat, HeartbeatLimits, HeartbeatReading } from "./heartbeat.ts";

/** What a dial is waiting for. */
export type DialStage = "headers" | "protocols" | "name" | "tcp" | "tls" | "upgrade";

/** How far an attempt has come: `preparing` means that the socket is open and `onConnect` runs. */
export type AttemptStep =
  | { readonly at: "dialing"; readonly stage: DialStage }
  | { readonly at: "preparing" }
  | { readonly at: "waiting"; readonly until: number };

/** What a stream knows while it has no open connection. */
export interface StreamAttempt {
  readonly generation: number;
  /** Redials in a row so far, since the last connection that was stable. */
  readonly retries: number;
  readonly step: AttemptStep;
}

/** What a stream is doing, with what belongs to it. Moments are on the clock's scale. PROTOCOL.md draws it. */
export type StreamState =
  | { readonly name: "idle"; readonly generation: number }
  | (StreamAttempt & {
      readonly name: "connecting";
      readonly startedAt: number;
      readonly firstGeneration: number;
      readonly cause: ExternalServiceError | undefined;
    })
  | {
      readonly name: "open";
      readonly generation: number;
      readonly retries: number;
      readonly openedAt: number;
      readonly heartbeat: Heartbeat | undefined;
    }
  | (StreamAttempt & { readonly name: "reconnecting"; readonly lostAt: number; readonly cause: ExternalServiceError })
  | { readonly name: "closing"; readonly generation: number; readonly step: "flushing" | "handshake" }
  | { readonly name: "closed"; readonly generation: number }
  | { readonly name: "failed"; readonly generation: number; readonly error: ExternalServiceError };

/** What happened. `generation` says to which connection; an old one is ignored. */
export type ConnectionEvent =
  | { readonly type: "start" }
  | { readonly type: "close" }
  /** A failed start was reported; the stream may be started again. */
  | { readonly type: "reset" }
  | { readonly type: "stage"; readonly generation: number; readonly stage: DialStage }
  | { readonly type: "opened"; readonly generation: number }
  | { readonly type: "prepared"; readonly generation: number }
  | { readonly type: "prepareFailed"; readonly generation: number; readonly thrown: unknown }
  /** The dial failed, or the socket is gone. */
  | { readonly type: "lost"; readonly generation: number; readonly error: ExternalServiceError }
  | { readonly type: "flushed"; readonly generation: number }
  | { readonly type: "timer"; readonly timer: "connect" | "start" | "retry" | "close"; readonly generation: number }
  | ({ readonly type: "timer"; readonly timer: "heartbeat"; readonly generation: number } & HeartbeatReading);

export type TimerName = "connect" | "start" | "retry" | "close" | "heartbeat";

/** What is to be done about it. The shell does it, in order. */
export type ConnectionEffect =
  | { readonly type: "dial"; readonly generation: number; readonly attempt: number }
  | { readonly type: "destroySocket"; readonly generation: number }
  /** Sends a Close frame with 1000. */
  | { readonly type: "closeSocket"; readonly generation: number }
  | { readonly type: "prepare"; readonly generation: number }
  | { readonly type: "setTimer"; readonly timer: TimerName; readonly generation: number; readonly delayMs: number }
  | { readonly type: "cancelTimer"; readonly timer: TimerName }
  | { readonly type: "sendPing"; readonly generation: number }
  /** Messages may flow, both ways. */
  | { readonly type: "flow"; readonly generation: number }
  /** Nothing flows any more; what was handed to the socket has an unknown outcome. */
  | { readonly type: "hold"; readonly generation: number; readonly error: ExternalServiceError }
  | { readonly type: "flush"; readonly generation: number }
  /** An attempt failed, and another will follow. */
  | { readonly type: "report"; readonly error: ExternalServiceError }
  /** The counterpart of `prepare`. */
  | { readonly type: "disconnected"; readonly error?: ExternalServiceError; readonly willReconnect: boolean }
  /** The stream is over; with an error where it was not closed by us. */
  | { readonly type: "end"; readonly error?: ExternalServiceError }
  | { readonly type: "announce"; readonly state: StreamState };

export interface ReconnectLimits {
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly stableAfterMs: number;
  readonly maxAttempts: number;
}

export interface ConnectionSettings {
  readonly service: string;
  /** The path, for errors. */
  readonly operation: string;
  readonly connectTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly reconnect: ReconnectLimits | false;
  readonly heartbeat: HeartbeatLimits | false;
}

/** All that the reducer is told of the world besides the event. */
export interface Moment {
  readonly now: number;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: number;
}

export interface Transition {
  readonly state: StreamState;
  readonly effects: readonly ConnectionEffect[];
}
