import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { isServiceConfigurationError, isServiceConnectionError, isServiceTimeoutError } from "../../src/core/errors.ts";
import type { CallFacts } from "../../src/resilience/outcome.ts";
import { bodyFailure, wireFailure } from "../../src/rest/wire-failure.ts";

const facts: CallFacts = {
  attempts: [],
  elapsedMs: 1,
  outcome: "unknown",
  retryable: false,
  retryAt: undefined,
  notRetried: undefined,
};
const place = { service: "payments", operation: "PUT /x", phase: "headers", connectTimeoutMs: 3_000 } as const;
const beforeSending = { ...place, isSent: false };
const afterSending = { ...place, isSent: true };

const errorWith = (code: string, message = "text of the cause"): Error => Object.assign(new Error(message), { code });

describe("before anything was sent", () => {
  test.each([
    ["ENOTFOUND", "dns"],
    ["EAI_AGAIN", "dns"],
    ["ECONNREFUSED", "connect"],
    ["EHOSTUNREACH", "connect"],
    ["ECONNRESET", "connect"],
    ["", "connect"],
  ])("%s is a fault of the kind %s, not sent, that may mend itself", (code, fault) => {
    const failure = wireFailure(errorWith(code), beforeSending);
    expect(failure).toMatchObject({
      code: `connection-${fault}`,
      outcome: "not-sent",
      phase: "connect",
      isTransient: true,
    });
  });

  test.each([
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "CERT_HAS_EXPIRED",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "EPROTO",
  ])("%s is a fault of TLS, which does not mend itself", (code) => {
    const failure = wireFailure(errorWith(code), beforeSending);
    expect(failure).toMatchObject({ code: "connection-tls", outcome: "not-sent", isTransient: false });
  });

  test("of several addresses that were tried, the first one's error counts", () => {
    const tried = new AggregateError([errorWith("ENOTFOUND"), errorWith("ECONNREFUSED")]);
    expect(wireFailure(tried, beforeSending).code).toBe("connection-dns");
    expect(wireFailure(new AggregateError([]), beforeSending).code).toBe("connection-connect");
  });

  test("the connect limit says which limit and how long it was", () => {
    const failure = wireFailure(errorWith("UND_ERR_CONNECT_TIMEOUT"), beforeSending);
    expect(failure).toMatchObject({ code: "timeout-connect", outcome: "not-sent", isTransient: true });
    const error = failure.toError(facts);
    expect(isServiceTimeoutError(error)).toBe(true);
    expect(error).toMatchObject({ limit: "connect", limitMs: 3_000 });
  });

  test("addresses that all fail before the limit, one by a timeout of the system, are no matter of the limit", () => {
    const cause = new AggregateError([errorWith("ETIMEDOUT"), errorWith("ECONNREFUSED")]);
    const failure = wireFailure(Object.assign(errorWith("UND_ERR_CONNECT_TIMEOUT"), { cause }), beforeSending);
    expect(failure).toMatchObject({ code: "connection-connect", outcome: "not-sent", isTransient: true });
    expect(failure.toError(facts).message).toContain("no connection could be made (ETIMEDOUT)");
  });

  test.each(["UND_ERR_INVALID_ARG", "UND_ERR_NOT_SUPPORTED", "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH"])(
    "%s is the caller's to mend, and is not tried again",
    (code) => {
      const failure = wireFailure(errorWith(code, "invalid header"), beforeSending);
      expect(failure).toMatchObject({ code: "configuration-invalid", outcome: "not-sent", isTransient: false });
      const error = failure.toError(facts);
      expect(isServiceConfigurationError(error)).toBe(true);
      expect(error).toMatchObject({ problems: ["PUT /x: invalid header"] });
    },
  );
});

describe("after it was sent", () => {
  test("what is the caller's to mend says what it is, and is not tried again", () => {
    const failure = wireFailure(errorWith("UND_ERR_INVALID_ARG", "no such thing"), afterSending);
    expect(failure).toMatchObject({ code: "connection-reset", outcome: "unknown", isTransient: false });
    expect(failure.toError(facts).message).toContain("this attempt was given up: no such thing");
  });

  test.each(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE", ""])("%s is a broken connection, its effect unknown", (code) => {
    const failure = wireFailure(errorWith(code), afterSending);
    expect(failure).toMatchObject({
      code: "connection-reset",
      outcome: "unknown",
      phase: "headers",
      isTransient: true,
    });
    const error = failure.toError(facts);
    expect(isServiceConnectionError(error)).toBe(true);
    expect(error.cause).toMatchObject({ message: "text of the cause" });
  });

  test("the refusal of our certificate, which TLS 1.3 tells so late, is a fault of TLS", () => {
    const failure = wireFailure(errorWith("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"), afterSending);
    expect(failure).toMatchObject({ code: "connection-tls", outcome: "unknown", isTransient: false });
  });

  test.each(["UND_ERR_RES_CONTENT_LENGTH_MISMATCH", "UND_ERR_HEADERS_OVERFLOW"])("%s breaks the protocol", (code) => {
    expect(wireFailure(errorWith(code), afterSending).code).toBe("connection-protocol");
  });

  test("what the parser choked on is not shown with the cause", () => {
    const choked = Object.assign(new Error("Parse Error"), { name: "HTTPParserError", data: "set-cookie: sk_live_1" });
    const failure = wireFailure(choked, afterSending);
    expect(failure.code).toBe("connection-protocol");
    expect(inspect(failure.toError(facts))).not.toContain("sk_live_1");
  });

  test("a body that is not as long as its content-length is no fault of the network", () => {
    const failure = wireFailure(errorWith("UND_ERR_REQ_CONTENT_LENGTH_MISMATCH"), afterSending);
    expect(failure).toMatchObject({ code: "connection-reset", outcome: "unknown", isTransient: false });
  });
});

describe("a stream of the body that failed", () => {
  test("before the first attempt was sent, it is the caller's to mend", () => {
    const failure = bodyFailure(new Error("no such file"), { ...beforeSending, isFirst: true });
    expect(failure.toError(facts)).toMatchObject({
      code: "configuration-invalid",
      problems: ["PUT /x: the stream of the body cannot be read: no such file"],
    });
  });

  test("before a later attempt was sent, it does not claim that nothing was ever sent", () => {
    const failure = bodyFailure(new Error("gone"), { ...beforeSending, isFirst: false });
    expect(failure).toMatchObject({ code: "connection-reset", outcome: "not-sent", isTransient: false });
    expect(failure.toError(facts)).toMatchObject({
      outcome: "unknown",
      message: expect.stringContaining("stream of the body"),
    });
  });

  test("mid-way leaves the effect unknown, and is not tried again", () => {
    const cause = new Error("disk");
    const failure = bodyFailure(cause, { ...afterSending, isFirst: true });
    expect(failure).toMatchObject({ code: "connection-reset", outcome: "unknown", isTransient: false });
    expect(failure.toError(facts).cause).toBe(cause);
  });
});
