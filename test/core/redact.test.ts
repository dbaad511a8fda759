import { describe, expect, test } from "vitest";
import { redactHeaders, redactPath, redactValue } from "../../src/core/redact.ts";

const secretParams = [
  "key",
  "api_key",
  "apikey",
  "apiKey",
  "API-KEY",
  "token",
  "access_token",
  "accessToken",
  "refreshToken",
  "client_secret",
  "clientSecret",
  "password",
  "passwd",
  "pwd",
  "auth",
  "authorization",
  "sig",
  "signature",
  "X-Amz-Signature",
  "X-Amz-Credential",
  "X-Amz-Security-Token",
  "code",
  "session",
  "jwt",
  "user[token]",
  "user%5Btoken%5D",
  "access%5Ftoken",
  "AWSSecretKey",
  "session-id",
  "PHPSESSID",
  "sid",
  "client_assertion",
  "signature-256",
];

const plainParams = [
  "monkey",
  "author",
  "turkey",
  "keyword",
  "tokens",
  "signed",
  "zipcode",
  "barcode",
  "sessions",
  "authorId",
  "cursor",
  "page",
  "%E0%A4%A",
];

describe("the path of a request", () => {
  test.each(secretParams)("?%s=… is hidden", (name) => {
    expect(redactPath(`/a?page=2&${name}=hunter2&b=c`)).toBe(`/a?page=2&${name}=[redacted]&b=c`);
  });

  test.each(plainParams)("?%s=… stays visible", (name) => {
    expect(redactPath(`/a?${name}=x`)).toBe(`/a?${name}=x`);
  });

  test.each(["/a", "/token/hunter", "/a?", "/a?b", "/a?b=", "/a?b=c=d&e"])("%s stays as it is", (path) => {
    expect(redactPath(path)).toBe(path);
  });

  test("every occurrence is hidden, whole, also where its value holds = or ?", () => {
    expect(redactPath("/a?sig=a==&sig=b?c=d&token")).toBe("/a?sig=[redacted]&sig=[redacted]&token=[redacted]");
  });
});

describe("headers", () => {
  test.each([
    "authorization",
    "Authorization",
    "Proxy-Authorization",
    "cookie",
    "Set-Cookie",
    "x-api-key",
    "X-Auth-Token",
    "X-CSRF-Token",
    "X-Amz-Security-Token",
    "private-token",
    "x-hub-signature",
  ])("the value of %s is hidden", (name) => {
    expect(redactHeaders({ [name]: "hunter2" })).toEqual({ [name]: "[redacted]" });
  });

  test.each(["content-type", "retry-after", "x-request-id", "x-monkey", "author", "cookie-policy"])(
    "the value of %s stays visible",
    (name) => {
      expect(redactHeaders({ [name]: "x" })).toEqual({ [name]: "x" });
    },
  );

  test("those that an auth provider set are hidden by their names, in any case", () => {
    expect(redactHeaders({ "X-Tenant": "hunter2", "x-other": "x" }, new Set(["x-tenant"]))).toEqual({
      "X-Tenant": "[redacted]",
      "x-other": "x",
    });
  });

  test("a header with several values is hidden as one, and the original is left alone", () => {
    const headers = { "set-cookie": ["a", "b"], vary: ["x", "y"], absent: undefined };
    expect(redactHeaders(headers)).toEqual({ "set-cookie": "[redacted]", vary: ["x", "y"], absent: undefined });
    expect(headers["set-cookie"]).toEqual(["a", "b"]);
  });
});

describe("in a body", () => {
  test.each([
    "sessionId",
    "apiToken",
    "SecretAccessKey",
    "AWSSecretKey",
    "bot_token",
    "assertion",
    "password",
    "accessToken",
    "refresh_token",
    "client-secret",
    "apiKey",
    "token",
    "user_pwd",
    "privateKey",
  ])("the field %s is hidden, wherever it stands", (name) => {
    const value = { id: 1, list: [{ [name]: "hunter2", note: null }] };
    expect(redactValue(value)).toEqual({ id: 1, list: [{ [name]: "[redacted]", note: null }] });
    expect(value.list[0]?.[name]).toBe("hunter2");
  });

  test.each([
    "next_token",
    "syncToken",
    "accessKeyId",
    "token_type",
    "code",
    "page_token",
    "nextPageToken",
    "key",
    "author",
    "passenger",
    "tokens_used",
  ])("the field %s stays visible: it is part of what is said", (name) => {
    expect(redactValue({ [name]: "x" })).toEqual({ [name]: "x" });
  });
});
