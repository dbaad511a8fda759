import { expect, test } from "vitest";
import { ServiceConnectionError, ServiceRateLimitError, ServiceResponseError } from "../../src/core/errors.ts";
import { describeCloseCode, judge, judgeCloseCode, judgeStatus } from "../../src/websocket/close-codes.ts";

const facts = { service: "feed", phase: "open", outcome: "rejected", headers: {}, body: "" } as const;

test("a peer that objects to what we send is not asked again", () => {
  expect([1002, 1003, 1007, 1008, 1009, 1010, 3000, 3003].map(judgeCloseCode)).toEqual(Array(8).fill("fatal"));
});

test("everything else is retried, a normal closure and each service's own codes too", () => {
  expect([1000, 1001, 1005, 1006, 1011, 1014, 1015, 3008, 4000, 4999].map(judgeCloseCode)).toEqual(
    Array(10).fill("retry"),
  );
});

test("a restart is spread, an overload is waited out", () => {
  expect([judgeCloseCode(1012), judgeCloseCode(1013)]).toEqual(["restart", "overload"]);
});

test("a handshake refused with 4xx is fatal, but for 408, 425 and 429", () => {
  expect([400, 401, 403, 404, 426].map(judgeStatus)).toEqual(Array(5).fill("fatal"));
  expect([408, 425, 429, 500, 502, 503, 504].map(judgeStatus)).toEqual(Array(7).fill("retry"));
});

test("a redirect for good is fatal, one for now passes", () => {
  expect([301, 308, 302, 307, 200].map(judgeStatus)).toEqual(["fatal", "fatal", "retry", "retry", "retry"]);
});

test("an error is judged by its status or close code, else by its own word", () => {
  expect(judge(new ServiceResponseError({ ...facts, status: 401 }))).toBe("fatal");
  expect(judge(new ServiceRateLimitError({ ...facts, status: 429 }))).toBe("retry");
  expect(judge(new ServiceConnectionError("closed", { ...facts, closeCode: 1013 }))).toBe("overload");
  expect(judge(new ServiceConnectionError("closed", facts))).toBe("retry");
  expect(judge(new ServiceConnectionError("tls", { ...facts, retryable: false }))).toBe("fatal");
  expect(judge(new ServiceConnectionError("dns", { ...facts, retryable: true }))).toBe("retry");
});

test("a code is described by its registered meaning", () => {
  expect([describeCloseCode(1012), describeCloseCode(4001)]).toEqual(["1012 (service restart)", "4001"]);
});
