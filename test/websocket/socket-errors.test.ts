import { expect, test } from "vitest";
import type { ServiceResponseError } from "../../src/core/errors.ts";
import { socketError } from "../../src/websocket/socket-errors.ts";

const about = { service: "feed", operation: "/stream" };
const failed = (error: Error) => socketError({ kind: "failed", error, wasOpen: false }, about, 0);
const withCode = (code: string) => Object.assign(new Error(code), { code });
const refused = (status: number, headers: Record<string, string> = {}, body = "") =>
  socketError({ kind: "refused", status, headers, body }, about, 0);

test("a dial that failed says why, by the code of the error", () => {
  const codes = [
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "EHOSTUNREACH",
    "CERT_HAS_EXPIRED",
    "EPROTO",
    "ECONNRESET",
    "HPE_INVALID",
  ];
  expect(codes.map((code) => failed(withCode(code)).code.replace("connection-", ""))).toEqual([
    "dns",
    "dns",
    "connect",
    "connect",
    "tls",
    "tls",
    "reset",
    "protocol",
  ]);
});

test("a certificate that does not verify is fatal, every other dial may be repeated", () => {
  expect(failed(withCode("CERT_HAS_EXPIRED")).retryable).toBe(false);
  expect(failed(withCode("EPROTO")).retryable).toBe(true);
});

test("of several addresses that failed, the first is named", () => {
  const error = failed(new AggregateError([withCode("ECONNREFUSED"), withCode("ENETUNREACH")]));
  expect([error.code, error.message.includes("ECONNREFUSED")]).toEqual(["connection-connect", true]);
});

test("what ws objects to in the handshake is a protocol fault, in its words", () => {
  expect(failed(new Error("Invalid Upgrade header")).message).toContain("Invalid Upgrade header");
});

test("a refusal has its body parsed where it is JSON, and as text where it only says so", () => {
  const json = { "content-type": "application/problem+json" };
  const bodies = [refused(403, json, '{"a":1}'), refused(403, json, "{broken"), refused(403, {}, "text")];
  expect(bodies.map((error) => (error as ServiceResponseError).body)).toEqual([{ a: 1 }, "{broken", "text"]);
});

test("a redirect says that it is not followed", () => {
  expect(refused(302, { location: "/x" }).message).toContain("redirects are not followed");
});

test("429 tells when to come again, where the service said so", () => {
  expect(refused(429, { "retry-after": "5" })).toMatchObject({ retryAfterMs: 5_000, retryAt: new Date(5_000) });
  expect(refused(429)).toMatchObject({ code: "rate-limited", retryAt: undefined });
});

test("a close code is named, and the peer's reason stays out of the message", () => {
  const error = socketError({ kind: "closed", code: 1012, reason: "token=abc", error: undefined }, about, 0);
  expect(error).toMatchObject({
    code: "connection-closed",
    closeCode: 1012,
    closeReason: "token=abc",
    retryable: true,
  });
  expect(error.message).toContain("1012 (service restart)");
  expect(error.message).not.toContain("abc");
});
