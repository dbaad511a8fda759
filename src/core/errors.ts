/**
 * The one error tree of Hawser.
 *
 * ```text
 * ExternalServiceError            service, operation, code, phase, outcome, retryable, attempts, elapsedMs, retryAfterMs?, retryAt?, notRetried?, requestId?, cause
 * ├─ ServiceConnectionError       fault: dns | connect | blocked | tls | reset | protocol | not-connected | closed (closeCode, closeReason)
 * ├─ ServiceTimeoutError          limit: deadline | attempt | queue | connect | body-idle | pong | send | start | answer | handler | close, limitMs
 * ├─ ServiceRateLimitError        429, or our own rate gate
 * ├─ ServiceResponseError         status, headers, body, problem (RFC 9457)
 * ├─ ServiceRpcError              a message answered over a stream with an error, or refused a subscription; rpcCode, rpcMessage, data
 * ├─ ServiceDecodeError           the answer came but is not what was asked: bad JSON, schema issues, too large, bad encoding, …
 * ├─ ServiceUnavailableError      refused locally: not started, draining, stopped, circuit open, queue full, no credentials
 * ├─ ServiceWaitError             what was waited for did not come about in time, or never will; reason, polls, last
 * ├─ ServiceConfigurationError    thrown at construction or start, before any I/O; problems
 * └─ ServiceStopError             some services of a registry could not be closed; services, errors
 * ```
 *
 * Guards test a `Symbol.for` brand, so they hold across two installed copies of the package, and a name that
 * another library happens to use as well cannot fool them.
 */

import type {
  AttemptRecord,
  ConnectionFault,
  DecodeFault,
  ErrorCode,
  ErrorFacts,
  Outcome,
  Phase,
  RetryRefusal,
  TimeoutLimit,
  UnavailableReason,
  WaitReason,
} from "./error-facts.ts";
import { messageFor } from "./error-message.ts";

export type * from "./error-facts.ts";

const brandOf = (kind: string): symbol => Symbol.for(`hawser.${kind}`);

const hide = (target: object, key: string, value: unknown): void => {
  Object.defineProperty(target, key, { value, enumerable: false, configurable: true, writable: false });
};

/** The root of the tree; see the drawing at the top of this file. Made only by its subclasses. */
export abstract class ExternalServiceError extends Error {
  readonly service: string;
  readonly operation: string | undefined;
  readonly code: ErrorCode;
  readonly phase: Phase;
  readonly outcome: Outcome;
  readonly retryable: boolean;
  /** One record for each attempt on the wire, oldest first; empty where none was made. */
  readonly attempts: readonly AttemptRecord[];
  /** Milliseconds from the start of the call to its end. */
  readonly elapsedMs: number;
  readonly retryAfterMs: number | undefined;
  /** When it may be tried again, where the service or a limit of ours says so. */
  readonly retryAt: Date | undefined;
  /** Why the last attempt was not followed by another; absent where no attempt failed. */
  readonly notRetried: RetryRefusal | undefined;
  /** The service's own id of the request (`x-request-id` and the like), for its support. */
  readonly requestId: string | undefined;

  constructor(code: ErrorCode, what: string, facts: ErrorFacts) {
    super(messageFor(what, facts), facts.cause === undefined ? undefined : { cause: facts.cause });
    this.service = facts.service;
    this.operation = facts.operation;
    this.code = code;
    this.phase = facts.phase;
    this.outcome = facts.outcome;
    this.retryable = facts.retryable ?? false;
    this.attempts = facts.attempts ?? [];
    this.elapsedMs = Math.round(facts.elapsedMs ?? 0);
    this.retryAfterMs = facts.retryAfterMs;
    this.retryAt = facts.retryAt;
    this.notRetried = facts.notRetried;
    this.requestId = facts.requestId;
  }

  /** Everything that is safe to log: no headers, no body, and of the cause only its name and code. */
  toJSON(): Record<string, unknown> {
    const cause = this.cause;
    return {
      name: this.name,
      message: this.message,
      ...Object.fromEntries(Object.entries(this)),
      cause: cause instanceof Error ? { name: cause.name, code: (cause as { code?: unknown }).code } : undefined,
    };
  }
}

/** No connection, or the connection broke. */
export class ServiceConnectionError extends ExternalServiceError {
  readonly fault: ConnectionFault;
  /** The WebSocket close code (RFC 6455, section 7.4), where `fault` is `closed`. */
  readonly closeCode: number | undefined;
  readonly closeReason: string | undefined;

  constructor(
    fault: ConnectionFault,
    facts: ErrorFacts & {
      readonly detail?: string | undefined;
      readonly closeCode?: number | undefined;
      readonly closeReason?: string | undefined;
    },
  ) {
    super(`connection-${fault}`, facts.detail ?? connectionFaultInWords[fault], facts);
    this.fault = fault;
    this.closeCode = facts.closeCode;
    this.closeReason = facts.closeReason;
  }
}

const connectionFaultInWords: Record<ConnectionFault, string> = {
  dns: "the host name could not be resolved",
  connect: "no connection could be made",
  blocked: "the address may not be connected to",
  tls: "the TLS handshake failed",
  reset: "the connection broke",
  protocol: "the far side broke the protocol",
  "not-connected": "there is no connection",
  closed: "the connection was closed",
};

/** One of the limits passed; `limit` says which, `limitMs` how long it was. */
export class ServiceTimeoutError extends ExternalServiceError {
  readonly limit: TimeoutLimit;
  readonly limitMs: number;

  constructor(limit: TimeoutLimit, limitMs: number, facts: ErrorFacts & { readonly detail?: string | undefined }) {
    super(`timeout-${limit}`, facts.detail ?? `the ${limit} limit of ${Math.round(limitMs)} ms passed`, facts);
    this.limit = limit;
    this.limitMs = limitMs;
  }
}

/** The service answered 429, or our own rate gate could not let the call go before its deadline. */
export class ServiceRateLimitError extends ExternalServiceError {
  /** 429; undefined where it was our own rate gate, and nothing was sent. */
  readonly status: number | undefined;
  /** Names in lower case. Not shown by `inspect` or `JSON.stringify`: answers may echo secrets. */
  declare readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  declare readonly body: unknown;

  constructor(
    facts: ErrorFacts & {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
      readonly body?: unknown;
    },
  ) {
    const who = facts.status === undefined ? "our own rate gate is shut" : `the service answered ${facts.status}`;
    const hint = facts.retryAfterMs === undefined ? "" : `, to be tried again in ${Math.round(facts.retryAfterMs)} ms`;
    super("rate-limited", `${who}${hint}`, facts);
    this.status = facts.status;
    hide(this, "headers", facts.headers ?? {});
    hide(this, "body", facts.body);
  }
}

/** Problem details (RFC 9457). */
export interface ProblemDetails {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly detail?: string;
  readonly instance?: string;
  readonly [extension: string]: unknown;
}

/** The service answered with a status that is not success. */
export class ServiceResponseError extends ExternalServiceError {
  readonly status: number;
  /** Names in lower case. Not shown by `inspect` or `JSON.stringify`: answers may echo secrets. */
  declare readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Parsed when JSON, else text; read in full up to `maxResponseBytes`. Not shown by `inspect` or `JSON.stringify`. */
  declare readonly body: unknown;
  /** The problem document (RFC 9457), where the service sent one. Not shown by `inspect` or `JSON.stringify`. */
  declare readonly problem: ProblemDetails | undefined;

  constructor(
    facts: ErrorFacts & {
      readonly status: number;
      readonly detail?: string | undefined;
      readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
      readonly body: unknown;
      readonly problem?: ProblemDetails | undefined;
    },
  ) {
    super("response-status", facts.detail ?? `the service answered ${facts.status}`, facts);
    this.status = facts.status;
    hide(this, "headers", facts.headers);
    hide(this, "body", facts.body);
    hide(this, "problem", facts.problem);
  }
}

/** Over a stream, the service answered a request with an error (JSON-RPC 2.0, section 5.1), or refused a subscription. */
export class ServiceRpcError extends ExternalServiceError {
  /** The code that the service gave; undefined where it gave none, which only a refused subscription may lack. */
  readonly rpcCode: number | undefined;
  /** The service's own words. Not shown by `inspect` or `JSON.stringify`: they may echo secrets. */
  declare readonly rpcMessage: string | undefined;
  /** What the service adds to it. Not shown by `inspect` or `JSON.stringify`. */
  declare readonly data: unknown;

  constructor(
    facts: Omit<ErrorFacts, "phase" | "outcome" | "retryable"> & {
      readonly rpcCode?: number | undefined;
      readonly rpcMessage?: string | undefined;
      readonly data?: unknown;
      readonly detail?: string | undefined;
    },
  ) {
    const code = facts.rpcCode === undefined ? "" : ` ${facts.rpcCode}`;
    super("rpc-error", `${facts.detail ?? "the service answered with error"}${code}`, {
      ...facts,
      phase: "receive",
      outcome: "rejected",
      retryable: false,
    });
    this.rpcCode = facts.rpcCode;
    hide(this, "rpcMessage", facts.rpcMessage);
    hide(this, "data", facts.data);
  }
}

/** One thing that a schema did not find as it should be. */
export interface DecodeIssue {
  readonly message: string;
  /** Where in the value, as a dotted path; empty for the value itself. */
  readonly path: string;
}

/** An answer or a message came, and is not what was asked for. */
export class ServiceDecodeError extends ExternalServiceError {
  readonly fault: DecodeFault;
  readonly status: number | undefined;
  readonly issues: readonly DecodeIssue[];

  constructor(
    fault: DecodeFault,
    facts: ErrorFacts & {
      readonly detail: string;
      readonly status?: number | undefined;
      readonly issues?: readonly DecodeIssue[] | undefined;
    },
  ) {
    super(`decode-${fault}`, facts.detail, facts);
    this.fault = fault;
    this.status = facts.status;
    this.issues = facts.issues ?? [];
  }
}

/** Refused here, before anything was sent. */
export class ServiceUnavailableError extends ExternalServiceError {
  readonly reason: UnavailableReason;

  constructor(reason: UnavailableReason, facts: ErrorFacts & { readonly detail: string }) {
    super(`unavailable-${reason}`, facts.detail, facts);
    this.reason = reason;
  }
}

/** What `waitFor` waited for did not come about within its limit (`timeout`), or its answer says that it never will. */
export class ServiceWaitError extends ExternalServiceError {
  readonly reason: WaitReason;
  /** How often it was asked. */
  readonly polls: number;
  /** The last answer that was seen; undefined where none came. Not shown by `inspect` or `JSON.stringify`. */
  declare readonly last: unknown;

  constructor(
    reason: WaitReason,
    facts: ErrorFacts & { readonly detail: string; readonly polls: number; readonly last: unknown },
  ) {
    super(`wait-${reason}`, facts.detail, facts);
    this.reason = reason;
    this.polls = facts.polls;
    hide(this, "last", facts.last);
  }
}

/** The settings, the options or the arguments are wrong. Thrown before any I/O, with all problems at once. */
export class ServiceConfigurationError extends ExternalServiceError {
  /** Each says what is wrong and what is expected, and never shows the value of a secret. */
  readonly problems: readonly string[];

  constructor(service: string, problems: readonly string[], cause?: unknown) {
    const list = problems.length === 1 ? (problems[0] ?? "") : problems.map((problem) => `\n  - ${problem}`).join("");
    super("configuration-invalid", list, { service, phase: "configure", outcome: "not-sent", cause });
    this.problems = problems;
  }
}

/** Some services could not be closed when their registry stopped; all others were. */
export class ServiceStopError extends ExternalServiceError {
  /** Those that could not be closed, in the order in which it was tried. */
  readonly services: readonly string[];
  /** What they threw, in the same order. Not shown by `inspect` or `JSON.stringify`: anybody may have made it. */
  declare readonly errors: readonly unknown[];

  constructor(failures: ReadonlyMap<string, unknown>) {
    const services = [...failures.keys()];
    const errors = [...failures.values()];
    super("stop-failed", `could not be closed, while all others were: ${services.join(", ")}`, {
      service: "services",
      phase: "close",
      outcome: "unknown",
      cause: errors[0],
    });
    this.services = services;
    hide(this, "errors", errors);
  }
}

// One brand per class, on its prototype: a subclass carries those of all its ancestors. The name stands there too and
// not on each error, where inspect would print it a second time.
const branded = {
  ExternalServiceError,
  ServiceConnectionError,
  ServiceTimeoutError,
  ServiceRateLimitError,
  ServiceResponseError,
  ServiceRpcError,
  ServiceDecodeError,
  ServiceUnavailableError,
  ServiceWaitError,
  ServiceConfigurationError,
  ServiceStopError,
} as const;
for (const [kind, type] of Object.entries(branded)) {
  Object.defineProperty(type.prototype, brandOf(kind), { value: true });
  // Writable, as Error's own is: a subclass may well assign `this.name`.
  Object.defineProperty(type.prototype, "name", { value: kind, writable: true, configurable: true });
}

const guard =
  <E extends ExternalServiceError>(kind: keyof typeof branded): ((error: unknown) => error is E) =>
  (error): error is E =>
    typeof error === "object" && error !== null && brandOf(kind) in error;

export const isExternalServiceError: (error: unknown) => error is ExternalServiceError = guard("ExternalServiceError");
export const isServiceConnectionError: (error: unknown) => error is ServiceConnectionError =
  guard("ServiceConnectionError");
export const isServiceTimeoutError: (error: unknown) => error is ServiceTimeoutError = guard("ServiceTimeoutError");
export const isServiceRateLimitError: (error: unknown) => error is ServiceRateLimitError =
  guard("ServiceRateLimitError");
export const isServiceResponseError: (error: unknown) => error is ServiceResponseError = guard("ServiceResponseError");
export const isServiceRpcError: (error: unknown) => error is ServiceRpcError = guard("ServiceRpcError");
export const isServiceDecodeError: (error: unknown) => error is ServiceDecodeError = guard("ServiceDecodeError");
export const isServiceUnavailableError: (error: unknown) => error is ServiceUnavailableError =
  guard("ServiceUnavailableError");
export const isServiceConfigurationError: (error: unknown) => error is ServiceConfigurationError =
  guard("ServiceConfigurationError");
export const isServiceWaitError: (error: unknown) => error is ServiceWaitError = guard("ServiceWaitError");
export const isServiceStopError: (error: unknown) => error is ServiceStopError = guard("ServiceStopError");
