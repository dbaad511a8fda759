import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ServiceConnectionError, ServiceResponseError } from "../../../src/core/errors.ts";
import { CredentialsError } from "../../../src/core/auth/credentials-error.ts";
import { tokenError } from "../../../src/rest/auth/token-error.ts";

const facts = { service: "payments token endpoint", phase: "headers", outcome: "rejected", headers: {} } as const;
const answered = (status: number, body?: unknown): ServiceResponseError =>
  new ServiceResponseError({ ...facts, status, body });

describe("what the endpoint refused says what to do", () => {
  test.each([
    [401, { error: "invalid_client" }, " (invalid_client): check clientId, clientSecret and clientAuthentication"],
    [401, "<html>", ": check clientId, clientSecret and clientAuthentication"],
    [400, { error: "invalid_scope" }, " (invalid_scope): check scope"],
    [400, { error: "unauthorized_client" }, " (unauthorized_client): the client has to be allowed the grant"],
    [404, "<html>", ": check tokenUrl"],
    [302, undefined, ", a redirect, which is not followed: give its goal as tokenUrl"],
  ])("upon a %i with %o", (status, body, said) => {
    const error = tokenError(answered(status, body));
    expect(error.message).toContain(`the token endpoint answered ${status}${said}`);
    expect(error.kind).toBe("permanent");
  });

  test.each([
    [503, { error: "temporarily_unavailable" }, "answered 503 (temporarily_unavailable)"],
    [500, undefined, "answered 500"],
    [400, { error: "s3cr3t" }, "answered 400"],
    [400, { error: "constructor" }, "answered 400"],
    [400, null, "answered 400"],
  ])("and nothing where nothing is known: a %i with %o", (status, body, said) => {
    expect(tokenError(answered(status, body)).message).toBe(`the token endpoint ${said}`);
  });
});

test("a connection that failed says with which code of the system", () => {
  const cause = Object.assign(new Error("s3cr3t"), { code: "CERT_HAS_EXPIRED" });
  const error = tokenError(new ServiceConnectionError("tls", { ...facts, cause }));
  expect(error).toMatchObject({
    message: "the token endpoint failed (connection-tls: CERT_HAS_EXPIRED)",
    kind: "permanent",
  });
});

describe("an answer that is no token", () => {
  const unusable = (code: string, message: string): Error =>
    Object.assign(new Error(message, { cause: { body: "s3cr3t" } }), { code });
  test.each([
    ["OAUTH_RESPONSE_IS_NOT_JSON", "s3cr3t", ": is that its address (tokenUrl)?"],
    ["OAUTH_INVALID_RESPONSE", '"response" body "expires_in" property must be', ": its expires_in is missing or wrong"],
    ["OAUTH_INVALID_RESPONSE", '"response" body "s3cr3t" property', ""],
  ])("says which part, and none of it: %s, %s", (code, message, said) => {
    const error = tokenError(unusable(code, message));
    expect(error.message).toBe(`the token endpoint answered with something that is no token (${code})${said}`);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("s3cr3t");
  });
});

test("what says it already is left as it is", () => {
  const error = new CredentialsError("no", { kind: "misuse" });
  expect(tokenError(error)).toBe(error);
});
