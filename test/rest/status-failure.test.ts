import { describe, expect, test } from "vitest";
import { isServiceRateLimitError, isServiceResponseError } from "../../src/core/errors.ts";
import type { CallFacts, Failure } from "../../src/resilience/outcome.ts";
import type { AnswerHeaders } from "../../src/rest/answer.ts";
import { statusFailure } from "../../src/rest/status-failure.ts";

const wallNow = Date.UTC(2026, 0, 1);
const facts: CallFacts = {
  attempts: [],
  elapsedMs: 1,
  outcome: "rejected",
  retryable: false,
  retryAt: undefined,
  notRetried: undefined,
};

function failureFor(status: number, headers: AnswerHeaders = {}, body = ""): Failure | undefined {
  const answer = { status, headers, body: Buffer.from(body), timings: { queueMs: 0, waitMs: 0, readMs: 0 } };
  return statusFailure(answer, { service: "payments", operation: "GET /x", wallNow });
}

function errorFor(status: number, headers?: AnswerHeaders, body?: string): unknown {
  return failureFor(status, headers, body)?.toError(facts);
}

describe("the outcome of a status", () => {
  test.each([200, 201, 204, 299, 304])("%i is success", (status) => {
    expect(failureFor(status)).toBeUndefined();
  });

  test.each([
    [301, "rejected", false],
    [400, "rejected", false],
    [401, "rejected", false],
    [404, "rejected", false],
    [408, "rejected", true],
    [409, "rejected", false],
    [413, "rejected", false],
    [425, "rejected", true],
    [429, "rejected", true],
    [500, "unknown", true],
    [501, "rejected", false],
    [502, "unknown", true],
    [503, "rejected", true],
    [504, "unknown", true],
    [505, "rejected", false],
    [520, "unknown", false],
    [599, "unknown", false],
  ])("of %i is %s; it is transient: %s", (status, outcome, isTransient) => {
    expect(failureFor(status)).toMatchObject({ status, outcome, isTransient });
  });
});

describe("the hint of when to come back", () => {
  const resets = { "x-ratelimit-reset": "3600", ratelimit: '"hour";r=7;t=3600' };

  test("of a 429 is the reset of its quota, where there is no Retry-After", () => {
    expect(failureFor(429, resets)).toMatchObject({ retryAfterMs: 3_600_000, quota: { remaining: 7 } });
  });

  test.each([500, 503])("of a %i is Retry-After alone: it is not put off until a quota is reset", (status) => {
    expect(failureFor(status, resets)).not.toHaveProperty("retryAfterMs");
    expect(failureFor(status, resets)).toMatchObject({ quota: { remaining: 7 } });
    expect(failureFor(status, { ...resets, "retry-after": "2" })).toMatchObject({ retryAfterMs: 2_000 });
  });
});

describe("the error of a status", () => {
  test("429 is a rate limit, with the hint of the service", () => {
    const error = errorFor(429, { "retry-after": "7", "x-request-id": "req_1" }, "slow down");
    expect(isServiceRateLimitError(error)).toBe(true);
    expect(error).toMatchObject({ code: "rate-limited", status: 429, retryAfterMs: 7_000, requestId: "req_1" });
    expect(error).toHaveProperty("body", "slow down");
  });

  test("any other is a response error with status, headers and request id", () => {
    const error = errorFor(404, { "request-id": "req_2" });
    expect(isServiceResponseError(error)).toBe(true);
    expect(error).toMatchObject({ code: "response-status", status: 404, requestId: "req_2", phase: "headers" });
    expect(error).toHaveProperty("headers", { "request-id": "req_2" });
  });

  test("a JSON body is parsed; what only says that it is JSON stays text", () => {
    const json = { "content-type": "application/json" };
    expect(errorFor(400, json, '{"code":"no_funds"}')).toHaveProperty("body", { code: "no_funds" });
    expect(errorFor(400, json, "{broken")).toHaveProperty("body", "{broken");
    expect(errorFor(400, { "content-type": "text/plain" }, "{}")).toHaveProperty("body", "{}");
  });

  test("a problem document is the problem too", () => {
    const problem = { type: "https://example.test/no-funds", title: "No funds", status: 402 };
    const error = errorFor(402, { "content-type": "application/problem+json" }, JSON.stringify(problem));
    expect(error).toHaveProperty("problem", problem);
    expect(error).toHaveProperty("body", problem);
  });

  test.each([
    ["plain JSON", "application/json", "{}"],
    ["a problem that is not an object", "application/problem+json", '"no"'],
    ["a problem that is not JSON", "application/problem+json", "no"],
  ])("%s is no problem document", (_kind, type, body) => {
    expect(errorFor(400, { "content-type": type }, body)).toHaveProperty("problem", undefined);
  });
});

describe("a redirect", () => {
  test("says where to, without path and query, which often hold a token", () => {
    const error = errorFor(302, { location: "https://new.test/login?token=sk_1" });
    expect(error).toHaveProperty(
      "message",
      expect.stringContaining("a redirect to https://new.test that is not followed"),
    );
    expect(error).toHaveProperty("message", expect.not.stringContaining("sk_1"));
  });

  test.each([[{}], [{ location: "/elsewhere" }]])("with %j says only that it is one", (headers) => {
    expect(errorFor(307, headers)).toHaveProperty(
      "message",
      expect.stringContaining("a redirect that is not followed"),
    );
  });
});
