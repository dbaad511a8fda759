import { expect, test } from "vitest";
import type { ServiceResponseError } from "../../../src/core/errors.ts";
import { judge } from "../../../src/websocket/connection/close-codes.ts";
import { proxyFault, proxyRefusal, socketError, tunnelFault } from "../../../src/websocket/dial/socket-errors.ts";

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

test("refused credentials are not retryable: with the same ones it would end the same way", () => {
  expect([refused(401).retryable, refused(403).retryable, refused(503).retryable]).toEqual([false, false, true]);
  const closed = (code: number) => socketError({ kind: "closed", code, reason: "", error: undefined }, about, 0);
  expect([closed(3000).retryable, closed(4001).retryable]).toEqual([false, true]);
});

test("what went wrong with a proxy is said of the proxy, and of the service only what came after it", () => {
  const codes = ["ENOTFOUND", "ECONNREFUSED", "CERT_HAS_EXPIRED", "ECONNRESET", "HPE_INVALID"];
  const errors = codes.map((code) => proxyFault(withCode(code), about));
  expect(errors.map(({ fault, retryable }) => [fault, retryable])).toEqual([
    ["dns", true],
    ["connect", true],
    ["tls", false],
    ["reset", true],
    ["protocol", true],
  ]);
  for (const error of errors) {
    expect(error.message).toContain("proxy");
    expect(error).toMatchObject({ phase: "connect", outcome: "not-sent" });
  }
  const tunnels = ["CERT_HAS_EXPIRED", "ECONNRESET", ""].map((code) => tunnelFault(withCode(code), about).fault);
  expect(tunnels).toEqual(["tls", "reset", "tls"]);
});

test("a proxy's refusal is none of the service: a 401 of it asks for no other credentials", () => {
  const refusal = (status: number, retryAfter?: string) => proxyRefusal({ status, retryAfter }, about, 0);
  expect([401, 403, 407, 429, 502].map((status) => refusal(status).retryable)).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
  expect([judge(refusal(401)), judge(refusal(407)), judge(refusal(502))]).toEqual(["fatal", "fatal", "retry"]);
  expect(refusal(503, "5")).toMatchObject({ code: "connection-connect", retryAfterMs: 5_000, cause: { status: 503 } });
  expect(refusal(407).message).toContain("check user and password in the URL of the proxy");
});
