import type { ExternalServiceError } from "../../core/errors.ts";
import type { Verdict } from "./close-codes.ts";
import type { Heartbeat, HeartbeatLimits, HeartbeatReading } from "./heartbeat.ts";

/** What a dial is waiting for. `turn`: the attempt itself has not begun. */
export type DialStage =
  | "turn"
  | "endpoint"
  | "auth"
  | "headers"
  | "protocols"
  | "name"
  | "tcp"
  | "proxy"
  | "tls"
  | "upgrade";

/**
 * How far an attempt has come. `preparing`: the socket is open, `onConnect` runs and subscriptions are restored.
 * `renewing`: the credentials were refused, and others are asked for; `isTold` where the program knows of the refusal,
 * `wasStable` where it ended a connection that was. `waiting`: for the next dial.
 */
export type AttemptStep =
  | { readonly at: "dialing"; readonly stage: DialStage }
  | { readonly at: "preparing" }
  | {
      readonly at: "renewing";
      readonly refusal: ExternalServiceError;
      readonly isTold: boolean;
      readonly wasStable: boolean;
    }
  | { readonly at: "waiting"; readonly until: number };

/** What is remembered from one attempt to the next, until a connection was stable. */
export interface Backoff {
  /** Redials in a row so far. */
  readonly retries: number;
  /** Dials that failed, and connections that did not last: the next one goes to the endpoint after theirs. */
  readonly misses: number;
  /** Until when each endpoint, by its index, wants to be left alone, where it said so. On the clock's scale. */
  readonly holds: readonly (number | undefined)[];
  /** Refusals for good in a row, one for each endpoint. */
  readonly fatals: number;
  /** Credentials were renewed, and what they led to was not stable yet. */
  readonly isRenewed: boolean;
  /** Rotations in a row away from connections that were not stable yet. */
  readonly rotations: number;
}

/** What a stream knows while it has no open connection. */
export interface StreamAttempt extends Backoff {
  readonly generation: number;
  /** How many endpoints there were to choose from when last looked. */
  readonly endpoints: number;
  readonly step: AttemptStep;
}

/** The connection that is to take the place of the open one. */
export interface Successor {
  readonly generation: number;
  readonly endpoints: number;
  readonly step: Exclude<AttemptStep, { readonly at: "renewing" }>;
  /** Tries in a row that failed: the next one goes to the endpoint of this number. */
  readonly failures: number;
  /** Credentials were renewed, and what they led to was not stable yet. */
  readonly isRenewed: boolean;
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
  | (Backoff & {
      readonly name: "open";
      readonly generation: number;
      /** The highest number that a dial has had: above `generation` where a successor was tried. */
      readonly lastGeneration: number;
      readonly endpoints: number;
      readonly openedAt: number;
      /** When another is dialled in its place; Infinity for never. */
      readonly rotateAt: number;
      /** Another is to take its place wherever it can, and not only to go back to the first endpoint. */
      readonly mustRotate: boolean;
      readonly heartbeat: Heartbeat | undefined;
      readonly successor: Successor | undefined;
    })
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
  /** The network may be another, or this process was suspended: ends a wait, probes an open connection. The byte is its last. */
  | { readonly type: "hurry"; readonly lastByteAt: number }
  /** The feed announced that it will cut the connection, or somebody asked for another one. */
  | { readonly type: "rotate" }
  | { readonly type: "stage"; readonly generation: number; readonly stage: DialStage; readonly endpoints?: number }
  | { readonly type: "opened"; readonly generation: number }
  | { readonly type: "prepared"; readonly generation: number }
  | { readonly type: "prepareFailed"; readonly generation: number; readonly thrown: unknown }
  /** Whether there are other credentials now. */
  | { readonly type: "renewed"; readonly generation: number; readonly hasOthers: boolean }
  /** The dial failed, or the socket is gone. */
  | { readonly type: "lost"; readonly generation: number; readonly error: ExternalServiceError }
  | { readonly type: "flushed"; readonly generation: number }
  | {
      readonly type: "timer";
      readonly timer: Exclude<TimerName, "heartbeat">;
      readonly generation: number;
      /** We hold the reader of this connection: more came than is kept. */
      readonly isReadingPaused?: boolean;
    }
  | ({ readonly type: "timer"; readonly timer: "heartbeat"; readonly generation: number } & HeartbeatReading);

export type TimerName = "connect" | "start" | "retry" | "close" | "rotate" | "heartbeat";

/** What is to be done about it. The shell does it, in order. */
export type ConnectionEffect =
  /** `endpoint` counts on for ever: the one to take is `endpoint` modulo their number. */
  | {
      readonly type: "dial";
      readonly generation: number;
      readonly attempt: number;
      readonly endpoint: number;
      readonly isRenewed: boolean;
    }
  /** Gives a dial or a connection up, with the reason where that is not `close()`. */
  | { readonly type: "destroySocket"; readonly generation: number; readonly error?: ExternalServiceError }
  /** Sends a Close frame with 1000. */
  | { readonly type: "closeSocket"; readonly generation: number }
  | { readonly type: "prepare"; readonly generation: number }
  /** Asks for other credentials; a `renewed` follows. */
  | { readonly type: "renew"; readonly generation: number }
  | { readonly type: "setTimer"; readonly timer: TimerName; readonly generation: number; readonly delayMs: number }
  | { readonly type: "cancelTimer"; readonly timer: TimerName }
  | { readonly type: "sendPing"; readonly generation: number }
  /** Messages may flow over this connection, both ways; over an earlier one no more. */
  | { readonly type: "flow"; readonly generation: number }
  /** Nothing flows over it any more; what was handed to the socket has an unknown outcome. */
  | { readonly type: "hold"; readonly generation: number; readonly error: ExternalServiceError }
  /** Another connection has taken its place: it may end when nothing is owed on it. */
  | { readonly type: "retire"; readonly generation: number }
  | { readonly type: "flush"; readonly generation: number }
  /** An attempt failed, and another will follow. */
  | { readonly type: "report"; readonly error: ExternalServiceError }
  /** The counterpart of `prepare`; without an error where we closed it, or another connection has taken over. */
  | {
      readonly type: "disconnected";
      readonly error?: ExternalServiceError;
      readonly willReconnect: boolean;
    }
  /** The stream is over; with an error where it was not closed by us. */
  | { readonly type: "end"; readonly error?: ExternalServiceError }
  | { readonly type: "announce"; readonly state: StreamState };

export interface ReconnectLimits {
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  readonly stableAfterMs: number;
  readonly maxAttempts: number;
}

/** When an open connection gives way to another, in milliseconds; Infinity for never. */
export interface RotationLimits {
  /** After this long, up to a tenth earlier. */
  readonly everyMs: number;
  /** Back to the first endpoint. */
  readonly returnAfterMs: number;
}

export interface ConnectionSettings {
  readonly service: string;
  /** The path, for errors. */
  readonly operation: string;
  readonly connectTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly reconnect: ReconnectLimits | false;
  /** `false`: what comes over two connections could not be told apart. */
  readonly rotation: RotationLimits | false;
  readonly heartbeat: HeartbeatLimits | false;
  /** What a failed attempt or a lost connection means for the next one. */
  readonly judge: (error: ExternalServiceError) => Verdict;
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
