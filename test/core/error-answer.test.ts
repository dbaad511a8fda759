import { describe, expect, test } from "vitest";
import { ClientGoneError } from "../../src/core/client-gone.ts";
import { answerForError, type ErrorAnswer } from "../../src/core/error-answer.ts";
import {
  type ErrorFacts,
  type ExternalServiceError,
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
import { VirtualClock } from "../support/virtual-clock.ts";

const leak = "s3cr3t-hunter2";
const clock = new VirtualClock();

/** Facts with something in every field that nobody outside may see. */
const facts = {
  service: `payments-${leak}`,
  operation: `POST https://internal.example/${leak}`,
  phase: "headers",
  outcome: "unknown",
  requestId: leak,
  cause: new Error(`connect to https://user:${leak}@internal.example:8443`),
  elapsedMs: 4_321,
  attempts: [{ number: 1, startedAfterMs: 0, durationMs: 4_321, outcome: "unknown", phase: "headers", status: 418 }],
} satisfies ErrorFacts;
const detail = `no ${leak} at https://internal.example`;
const headers = { "set-cookie": leak, authorization: leak, location: `https://internal.example/${leak}` };
const body = { detail: leak, title: leak };

const response = (status: number, more: Partial<ErrorFacts> = {}): ServiceResponseError =>
  new ServiceResponseError({ ...facts, ...more, status, headers, body, detail, problem: { title: leak, type: leak } });
const throttled = (more: Partial<ErrorFacts>): ServiceRateLimitError =>
  new ServiceRateLimitError({ ...facts, ...more, status: 429, headers, body });

const failures: [number, string, ExternalServiceError][] = [
  [504, "a deadline that passed", new ServiceTimeoutError("deadline", 4_321, { ...facts, detail })],
  [504, "an attempt that took too long", new ServiceTimeoutError("attempt", 4_321, { ...facts, detail })],
  [504, "a place that did not come free", new ServiceTimeoutError("queue", 4_321, { ...facts, detail })],
  [503, "an open circuit", new ServiceUnavailableError("circuit-open", { ...facts, detail })],
  [503, "a service that is not started", new ServiceUnavailableError("not-started", { ...facts, detail })],
  [503, "a 429", throttled({})],
  [503, "our own rate gate", new ServiceRateLimitError({ ...facts, headers, body })],
  [503, "a 503", response(503)],
  [504, "a 504", response(504)],
  [502, "a 500", response(500)],
  [502, "a 502", response(502)],
  [502, "a 401, for it is our credentials that were refused", response(401)],
  [502, "a 404, for it is we who asked for it", response(404)],
  [502, "a redirect that is not followed", response(302)],
  [502, "a name that is not known", new ServiceConnectionError("dns", { ...facts, detail })],
  [
    502,
    "a connection that was closed",
    new ServiceConnectionError("closed", { ...facts, detail, closeCode: 4321, closeReason: leak }),
  ],
  [
    502,
    "an answer that cannot be read",
    new ServiceDecodeError("schema", { ...facts, detail, status: 418, issues: [{ message: leak, path: leak }] }),
  ],
  [502, "an error over a stream", new ServiceRpcError({ ...facts, rpcCode: 4321, rpcMessage: leak, data: leak })],
  [504, "a wait that was too long", new ServiceWaitError("timeout", { ...facts, detail, polls: 4321, last: leak })],
  [502, "a wait in vain", new ServiceWaitError("failed", { ...facts, detail, polls: 4321, last: leak })],
  [500, "a wrong option", new ServiceConfigurationError(facts.service, [detail, leak], facts.cause)],
  [500, "a service that could not be closed", new ServiceStopError(new Map([[leak, new Error(leak)]]))],
];

describe.each(failures)("%i for %s", (status, _what, error) => {
  const answer = answerForError(error, { clock }) as ErrorAnswer;

  test("is a problem document of that status", () => {
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      type: "about:blank",
      status,
      title: expect.stringMatching(/^[A-Z][A-Za-z ]+$/),
    });
    expect(answer.headers).toEqual({ "content-type": "application/problem+json" });
  });

  test("says nothing of the service, its address, its answer or our secrets", () => {
    const shown = JSON.stringify(answer);
    expect(JSON.stringify(error.toJSON()) + error.message).toMatch(/s3cr3t-hunter2|4321/);
    for (const hidden of [leak, "hunter2", "payments", "internal", "example", "POST", "4321", "418", error.message]) {
      expect(shown).not.toContain(hidden);
    }
  });
});

describe("how long to wait", () => {
  const retryAfterOf = (error: unknown): string | undefined => answerForError(error, { clock })?.headers["retry-after"];
  const inMs = (ms: number): Date => new Date(clock.wallNow() + ms);

  test.each([
    [{ retryAfterMs: 1_000 }, "1"],
    [{ retryAfterMs: 1_001 }, "2"],
    [{ retryAfterMs: 20 }, "1"],
    [{ retryAfterMs: 0 }, "1"],
    [{ retryAt: inMs(2_500) }, "3"],
    [{ retryAt: inMs(2_500), retryAfterMs: 60_000 }, "3"],
    [{ retryAt: inMs(-10_000) }, "1"],
    [{ retryAt: new Date(Number.NaN) }, undefined],
    [{ retryAfterMs: Number.POSITIVE_INFINITY }, undefined],
    [{}, undefined],
  ])("%j is a Retry-After of %s: whole seconds, rounded up", (more, expected) => {
    expect(retryAfterOf(throttled(more))).toBe(expected);
    expect(retryAfterOf(response(503, more))).toBe(expected);
    expect(retryAfterOf(new ServiceUnavailableError("circuit-open", { ...facts, ...more, detail }))).toBe(expected);
  });

  test("it goes with a 503 alone", () => {
    expect(retryAfterOf(response(500, { retryAfterMs: 5_000 }))).toBeUndefined();
    expect(retryAfterOf(new ServiceTimeoutError("deadline", 5, { ...facts, retryAfterMs: 5_000 }))).toBeUndefined();
  });

  test("the system's clock counts where none is given", () => {
    const seconds = Number(
      answerForError(throttled({ retryAt: new Date(Date.now() + 3_600_000) }))?.headers["retry-after"],
    );
    expect(seconds).toBeGreaterThan(3_000);
    expect(seconds).toBeLessThanOrEqual(3_600);
  });
});

test("a client that went away is a 499", () => {
  expect(answerForError(new ClientGoneError())).toMatchObject({
    status: 499,
    body: { title: "Client Closed Request" },
  });
});

test.each([
  [undefined],
  [null],
  ["text"],
  [new Error("mine")],
  [{ name: "ServiceTimeoutError", code: "timeout-deadline" }],
])("%j is no error of a service: it is left to the application", (error) => {
  expect(answerForError(error)).toBeUndefined();
});

test("what the application made of an error of a service is the application's own", () => {
  expect(answerForError(new Error("no payment", { cause: response(500) }))).toBeUndefined();
});
