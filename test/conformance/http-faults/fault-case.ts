import type { SaidByHawser } from "../faults/said-by-hawser.ts";
import type { Behaviour } from "./behaviour.ts";

/** The kinds of failure that a client should be able to tell apart, whatever it calls them. */
export type FaultKind =
  | "timeout"
  | "aborted"
  | "dns"
  | "connect"
  | "tls"
  | "reset"
  | "protocol"
  | "too-large"
  | "encoding"
  | "json"
  | "redirect"
  | "status";

/** What a client is set up with, in milliseconds, bytes and counts. A case names the ones that it is about. */
export interface Limits {
  readonly deadlineMs: number;
  readonly attemptTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly maxResponseBytes: number;
  readonly maxConnections: number;
  readonly maxRetries: number;
  /** Upper bound of the first delay before a retry. */
  readonly retryDelayMs: number;
}

/** The call that a case makes. */
export interface FaultCall {
  /** @defaultValue "POST" */
  readonly method?: "GET" | "HEAD" | "PUT" | "POST";
  /**
   * `small`: JSON with a secret in it, the default of POST and PUT. `large`: 4 MiB. `large-stream`: from a function
   * that makes a stream, and more than the sockets hold, so that it cannot be sent to who does not read. `one-shot`: an
   * async generator. `factory`: a function that makes one.
   */
  readonly body?: "small" | "large" | "large-stream" | "one-shot" | "factory";
  /** @defaultValue "text" */
  readonly reads?: "text" | "json";
  /** So many of the call at once. @defaultValue 1 */
  readonly count?: number;
  /** An idempotency key that goes with it: it may then be delivered again. */
  readonly key?: string;
}

/** How the call may end. Where `success` is missing, success is wrong; where `failure` is, failing. */
export interface Expectation {
  readonly success?: { readonly status?: number; readonly body: string | readonly string[] };
  readonly failure?: readonly FaultKind[];
  /** Hawser's own failure, which has to be one of these. */
  readonly hawser?: readonly SaidByHawser[];
}

/** One way in which the far side misbehaves, and what must become of a call. */
export interface FaultCase {
  /** A rule, true of every client that is right. */
  readonly rule: string;
  readonly farSide: Behaviour;
  readonly call?: FaultCall;
  readonly limits?: Partial<Limits>;
  /** Good calls before it, so that there is a connection to be used again. @defaultValue 0 */
  readonly warmUps?: number;
  /** Another call holds the only connection. */
  readonly isBehindAnother?: boolean;
  /** The caller gives up once the far side has come as far as the case wants. */
  readonly isAborted?: boolean;
  /** How often one call may be delivered. @defaultValue 1 for a POST without a key, else 1 and the retries */
  readonly maxDeliveries?: number;
  readonly expect: Expectation;
}

const generous: Limits = {
  deadlineMs: 8_000,
  attemptTimeoutMs: 8_000,
  connectTimeoutMs: 6_000,
  bodyIdleTimeoutMs: 8_000,
  maxResponseBytes: 100_000,
  maxConnections: 8,
  maxRetries: 2,
  retryDelayMs: 1,
};

/** The limits of a case: what it does not name is far beyond its length. */
export function limitsOf({ limits = {} }: FaultCase): Limits {
  return { ...generous, ...limits };
}

/** How often one call of this case may come to the far side. */
export function maxDeliveriesOf(faultCase: FaultCase): number {
  const { call = {}, maxDeliveries } = faultCase;
  if (maxDeliveries !== undefined) return maxDeliveries;
  const isUnsafe = (call.method ?? "POST") === "POST" && call.key === undefined;
  return isUnsafe ? 1 : 1 + limitsOf(faultCase).maxRetries;
}

export const succeeds = (body: string | readonly string[] = "ok", status?: number): Expectation => ({
  success: { body, ...(status === undefined ? {} : { status }) },
});

export const fails = (kind: FaultKind | readonly FaultKind[], ...hawser: readonly SaidByHawser[]): Expectation => ({
  failure: typeof kind === "string" ? [kind] : kind,
  hawser,
});

/** Where the standards leave a choice. */
export const either = (one: Expectation, other: Expectation): Expectation => ({ ...one, ...other });
