import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type * as errors from "../../src/core/errors.ts";
import {
  type ErrorCode,
  type ErrorFacts,
  ExternalServiceError,
  isExternalServiceError,
  isServiceConfigurationError,
  isServiceConnectionError,
  isServiceDecodeError,
  isServiceRateLimitError,
  isServiceResponseError,
  isServiceRpcError,
  isServiceStopError,
  isServiceTimeoutError,
  isServiceUnavailableError,
  isServiceWaitError,
  ServiceConfigurationError,
  ServiceConnectionError,
  ServiceDecodeError,
  ServiceRateLimitError,
  ServiceResponseError,
  ServiceRpcError,
  ServiceStopError,
  ServiceTimeoutError,
  ServiceUnavailableError,
  ServiceWaitError,
} from "../../src/core/errors.ts";

const hidden = "sk_live_51";
const attempt = { startedAfterMs: 0, durationMs: 5, outcome: "unknown", phase: "headers" } as const;
const facts: ErrorFacts = {
  service: "payments",
  operation: "POST /payments",
  phase: "headers",
  outcome: "unknown",
  retryable: true,
  attempts: [
    { ...attempt, number: 1 },
    { ...attempt, number: 2 },
  ],
  elapsedMs: 1234.6,
  retryAfterMs: 2_000,
  retryAt: new Date(Date.UTC(2026, 0, 1)),
  requestId: "req-7",
};
const answer = {
  status: 422,
  headers: { "set-cookie": hidden },
  body: { echo: hidden },
  problem: { title: hidden },
};

const one = {
  ServiceConnectionError: () => new ServiceConnectionError("reset", facts),
  ServiceTimeoutError: () => new ServiceTimeoutError("attempt", 10_000.4, facts),
  ServiceRateLimitError: () => new ServiceRateLimitError({ ...facts, ...answer, status: 429 }),
  ServiceResponseError: () => new ServiceResponseError({ ...facts, ...answer }),
  ServiceRpcError: () => new ServiceRpcError({ ...facts, rpcCode: -32602, rpcMessage: hidden, data: { echo: hidden } }),
  ServiceDecodeError: () => new ServiceDecodeError("json", { ...facts, detail: "the body is not JSON" }),
  ServiceUnavailableError: () => new ServiceUnavailableError("draining", { ...facts, detail: "it is closing" }),
  ServiceWaitError: () =>
    new ServiceWaitError("timeout", { ...facts, detail: "it did not come about", polls: 3, last: hidden }),
  ServiceConfigurationError: () => new ServiceConfigurationError("payments", ["baseUrl is required"]),
  ServiceStopError: () => new ServiceStopError(new Map([["payments", new Error("stuck")]])),
} satisfies Record<string, () => ExternalServiceError>;

const guards = {
  ServiceConnectionError: isServiceConnectionError,
  ServiceTimeoutError: isServiceTimeoutError,
  ServiceRateLimitError: isServiceRateLimitError,
  ServiceResponseError: isServiceResponseError,
  ServiceRpcError: isServiceRpcError,
  ServiceDecodeError: isServiceDecodeError,
  ServiceUnavailableError: isServiceUnavailableError,
  ServiceWaitError: isServiceWaitError,
  ServiceConfigurationError: isServiceConfigurationError,
  ServiceStopError: isServiceStopError,
} satisfies Record<keyof typeof one, (error: unknown) => boolean>;

const kinds = Object.keys(one) as (keyof typeof one)[];
const inspected = (error: unknown): string => inspect(error, { depth: 10, showHidden: false });

describe("a message", () => {
  test.each<[keyof typeof one, string]>([
    ["ServiceConnectionError", "the connection broke"],
    ["ServiceTimeoutError", "the attempt limit of 10000 ms passed"],
    ["ServiceRateLimitError", "the service answered 429, to be tried again in 2000 ms"],
    ["ServiceResponseError", "the service answered 422"],
    ["ServiceDecodeError", "the body is not JSON"],
    ["ServiceUnavailableError", "it is closing"],
  ])("of a %s names service, operation, phase, attempt, duration and outcome", (kind, what) => {
    expect(one[kind]().message).toBe(
      `payments: POST /payments: ${what} (phase headers, attempt 2, 1235 ms; outcome unknown: it may have taken effect)`,
    );
  });

  test.each([
    ["not-sent", "nothing was sent"],
    ["rejected", "the service refused it"],
    ["unknown", "it may have taken effect"],
    ["accepted", "the service accepted it"],
  ] as const)("says what the outcome %s means", (outcome, words) => {
    const error = new ServiceConnectionError("connect", { service: "feed", phase: "connect", outcome });
    expect(error.message).toBe(`feed: no connection could be made (phase connect; outcome ${outcome}: ${words})`);
  });

  test("of wrong configuration says what is wrong and nothing else", () => {
    expect(one.ServiceConfigurationError().message).toBe("payments: baseUrl is required");
  });

  test("of several things wrong lists them all, one per line", () => {
    const error = new ServiceConfigurationError("payments", ["baseUrl is required", "deadlineMs is NaN"]);
    expect(error.message).toBe("payments: \n  - baseUrl is required\n  - deadlineMs is NaN");
    expect(error.problems).toEqual(["baseUrl is required", "deadlineMs is NaN"]);
  });

  test("of a stop names the services that could not be closed", () => {
    const failures = new Map([
      ["payments", new Error("a")],
      ["feed", new Error("b")],
    ]);
    const error = new ServiceStopError(failures);
    expect(error.message).toContain("could not be closed, while all others were: payments, feed");
    expect(error).toMatchObject({ services: ["payments", "feed"], errors: [...failures.values()] });
  });

  test("may be worded by whoever knows more", () => {
    const detail = "no connection to 10.0.0.1 (ECONNREFUSED)";
    expect(new ServiceConnectionError("connect", { ...facts, detail }).message).toContain(detail);
    expect(new ServiceTimeoutError("pong", 1, { ...facts, detail }).message).toContain(detail);
    expect(new ServiceResponseError({ ...facts, ...answer, detail }).message).toContain(detail);
  });

  test("of a 429 without a hint gives none", () => {
    const { message } = new ServiceRateLimitError({ ...facts, ...answer, status: 429, retryAfterMs: undefined });
    expect(message).toContain("the service answered 429 (phase");
  });
});

describe("fields", () => {
  test("are those of the facts, durations in whole milliseconds", () => {
    const { attempts, retryAt, requestId } = facts;
    expect(one.ServiceTimeoutError()).toMatchObject({
      service: "payments",
      operation: "POST /payments",
      phase: "headers",
      outcome: "unknown",
      retryable: true,
      attempts,
      elapsedMs: 1235,
      retryAfterMs: 2_000,
      retryAt,
      requestId,
      code: "timeout-attempt",
      limit: "attempt",
      limitMs: 10_000.4,
    });
  });

  test("that nobody gave have the cautious value", () => {
    const error = new ServiceConnectionError("dns", { service: "feed", phase: "connect", outcome: "not-sent" });
    expect(error).toMatchObject({ retryable: false, attempts: [], elapsedMs: 0 });
    expect([error.operation, error.retryAfterMs, error.retryAt, error.requestId, error.cause]).toEqual(
      Array.from({ length: 5 }, () => undefined),
    );
    expect("cause" in error).toBe(false);
  });

  test("of an error over a stream hold the service's words, which its message does not", () => {
    const error = one.ServiceRpcError();
    expect(error).toMatchObject({ rpcCode: -32602, outcome: "rejected", retryable: false, phase: "receive" });
    expect([error.rpcMessage, error.data]).toEqual([hidden, { echo: hidden }]);
    expect(error.message).toContain("the service answered with error -32602 (phase receive");
    expect(new ServiceRpcError({ service: "feed", detail: "it was refused" }).message).toContain("it was refused (");
  });

  test("headers, body and problem can be read, although they are not shown", () => {
    expect(one.ServiceResponseError()).toMatchObject({ status: 422 });
    const { headers, body, problem } = one.ServiceResponseError();
    expect({ headers, body, problem }).toEqual({
      headers: answer.headers,
      body: answer.body,
      problem: answer.problem,
    });
    expect(one.ServiceRateLimitError().body).toBe(answer.body);
  });

  test("of a close are its code and reason", () => {
    const error = new ServiceConnectionError("closed", { ...facts, closeCode: 1012, closeReason: "restart" });
    expect(error).toMatchObject({ fault: "closed", closeCode: 1012, closeReason: "restart" });
  });

  test("of a decoding are its issues, none where no schema was asked", () => {
    const issues = [{ message: "a number is needed", path: "amount" }];
    expect(new ServiceDecodeError("schema", { ...facts, detail: "no", status: 200, issues })).toMatchObject({
      fault: "schema",
      status: 200,
      issues,
    });
    expect(one.ServiceDecodeError().issues).toEqual([]);
  });
});

describe("nothing secret is shown", () => {
  test.each(kinds)("in the message, inspect or JSON of a %s", (kind) => {
    const error = one[kind]();
    for (const shown of [error.message, String(error), inspected(error), JSON.stringify(error), error.stack]) {
      expect(shown).not.toContain(hidden);
    }
  });

  test("in the JSON of an error whose cause holds it: only the cause's name and code", () => {
    const cause = Object.assign(new TypeError(hidden), { code: "ECONNRESET", headers: { authorization: hidden } });
    const json = JSON.stringify(new ServiceConnectionError("reset", { ...facts, cause }));
    expect(json).not.toContain(hidden);
    expect(JSON.parse(json)).toMatchObject({ cause: { name: "TypeError", code: "ECONNRESET" } });
  });

  test("in the JSON of an error whose cause is no error at all", () => {
    const json = JSON.stringify(new ServiceConnectionError("reset", { ...facts, cause: hidden }));
    expect(json).not.toContain(hidden);
    expect(JSON.parse(json)).not.toHaveProperty("cause");
  });

  test("in the JSON of a stop, of which anybody's errors are the cause", () => {
    expect(JSON.stringify(new ServiceStopError(new Map([["feed", new Error(hidden)]])))).not.toContain(hidden);
  });

  test("and what is not secret is all there", () => {
    const { requestId, service, operation } = facts;
    expect(JSON.parse(JSON.stringify(one.ServiceResponseError()))).toMatchObject({
      name: "ServiceResponseError",
      code: "response-status",
      status: 422,
      requestId,
      service,
      operation,
      attempts: [{ number: 1 }, { number: 2 }],
    });
  });
});

describe("guards", () => {
  test.each(kinds)("know a %s, and it is no other kind", (kind) => {
    const error = one[kind]();
    const itsKinds = kinds.filter((other) => guards[other](error));
    expect([isExternalServiceError(error), itsKinds]).toEqual([true, [kind]]);
    expect(error).toBeInstanceOf(ExternalServiceError);
    expect(error.name).toBe(kind);
  });

  test("hold for errors of a second copy of the package, whose classes are others", async () => {
    const path = fileURLToPath(new URL("../../src/core/errors.ts", import.meta.url));
    const copy = (await import(`${path}?copy`)) as typeof errors;
    const error = new copy.ServiceTimeoutError("pong", 5, facts);
    expect(error).not.toBeInstanceOf(ServiceTimeoutError);
    expect([isExternalServiceError(error), isServiceTimeoutError(error), isServiceResponseError(error)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(copy.isServiceTimeoutError(one.ServiceTimeoutError())).toBe(true);
  });

  test.each([
    ["the platform's timeout", new DOMException("timed out", "TimeoutError")],
    ["another library's error of the same name", Object.assign(new Error("x"), { name: "ServiceTimeoutError" })],
    ["an object with the same fields", one.ServiceTimeoutError().toJSON()],
    ["null", null],
    ["undefined", undefined],
    ["a string", "timeout-attempt"],
  ])("do not know %s", (_what, value) => {
    expect([isExternalServiceError(value), ...kinds.map((kind) => guards[kind](value))]).not.toContain(true);
  });
});

describe("a subclass of an application", () => {
  class CardDeclined extends ServiceResponseError {
    constructor(more: ConstructorParameters<typeof ServiceResponseError>[0]) {
      super(more);
      this.name = "CardDeclined";
    }
  }

  test("keeps the brands of all its ancestors", () => {
    const error = new CardDeclined({ ...facts, ...answer });
    expect([isExternalServiceError(error), isServiceResponseError(error), isServiceTimeoutError(error)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("may give itself a name by assignment, and its parent keeps its own", () => {
    const error = new CardDeclined({ ...facts, ...answer });
    expect([error.name, one.ServiceResponseError().name]).toEqual(["CardDeclined", "ServiceResponseError"]);
    expect(error.toJSON()).toMatchObject({ name: "CardDeclined" });
  });
});

test("the union of codes is closed: each code that a class makes is in it, and there is no other", () => {
  const faults = ["dns", "connect", "blocked", "tls", "reset", "protocol", "not-connected", "closed"] as const;
  const limits = [
    "deadline",
    "attempt",
    "queue",
    "connect",
    "body-idle",
    "pong",
    "send",
    "start",
    "answer",
    "handler",
    "close",
  ] as const;
  const decoding = ["json", "schema", "too-large", "encoding", "content-type", "next-page", "range"] as const;
  const waits = ["timeout", "failed"] as const;
  const reasons = ["not-started", "draining", "stopped", "circuit-open", "queue-full", "no-credentials"] as const;
  const made = [
    ...faults.map((fault) => new ServiceConnectionError(fault, facts).code),
    ...limits.map((limit) => new ServiceTimeoutError(limit, 1, facts).code),
    ...decoding.map((fault) => new ServiceDecodeError(fault, { ...facts, detail: "" }).code),
    ...reasons.map((reason) => new ServiceUnavailableError(reason, { ...facts, detail: "" }).code),
    ...waits.map((reason) => new ServiceWaitError(reason, { ...facts, detail: "", polls: 1, last: 1 }).code),
    one.ServiceRateLimitError().code,
    one.ServiceRpcError().code,
    one.ServiceResponseError().code,
    one.ServiceConfigurationError().code,
    one.ServiceStopError().code,
  ];
  // A Record over the union does not compile with a code too few or too many.
  const all: Record<ErrorCode, true> = {
    "connection-dns": true,
    "connection-connect": true,
    "connection-blocked": true,
    "connection-tls": true,
    "connection-reset": true,
    "connection-protocol": true,
    "connection-not-connected": true,
    "connection-closed": true,
    "timeout-deadline": true,
    "timeout-attempt": true,
    "timeout-queue": true,
    "timeout-connect": true,
    "timeout-body-idle": true,
    "timeout-pong": true,
    "timeout-send": true,
    "timeout-start": true,
    "timeout-answer": true,
    "rpc-error": true,
    "timeout-handler": true,
    "timeout-close": true,
    "rate-limited": true,
    "response-status": true,
    "decode-json": true,
    "decode-schema": true,
    "decode-too-large": true,
    "decode-encoding": true,
    "decode-content-type": true,
    "decode-next-page": true,
    "decode-range": true,
    "wait-timeout": true,
    "wait-failed": true,
    "unavailable-not-started": true,
    "unavailable-draining": true,
    "unavailable-stopped": true,
    "unavailable-circuit-open": true,
    "unavailable-no-credentials": true,
    "unavailable-queue-full": true,
    "configuration-invalid": true,
    "stop-failed": true,
  };
  expect(made.toSorted()).toEqual(Object.keys(all).toSorted());
});
