import { describe, expect, test } from "vitest";
import { isServiceConfigurationError, type ServiceConfigurationError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { Secret } from "../../src/core/secret.ts";
import { bearer } from "../../src/rest/auth/bearer.ts";
import { basic } from "../../src/rest/auth/fixed.ts";
import { encodePath, type RESTServiceOptions, type RESTSettings, readRESTOptions } from "../../src/rest/options.ts";
import { httpServer } from "../support/http-server.ts";
import { Payments } from "../support/rest-client.ts";

const baseUrl = "https://api.test";

function settingsOf(options: Partial<RESTServiceOptions>): RESTSettings {
  return readRESTOptions({ baseUrl, logger: silentLogger, ...options }, "Payments");
}

function refusalOf(options: unknown): ServiceConfigurationError {
  try {
    readRESTOptions(options as RESTServiceOptions, "Payments");
  } catch (error) {
    if (isServiceConfigurationError(error)) return error;
    throw error;
  }
  throw new Error("the options were taken");
}

const problemsOf = (options: Record<string, unknown>): readonly string[] =>
  refusalOf({ baseUrl, logger: silentLogger, ...options }).problems;

describe("defaults", () => {
  test("are those of the design", () => {
    expect(settingsOf({})).toMatchObject({
      name: "Payments",
      base: { origin: "https://api.test", path: "" },
      headers: {},
      apiKey: undefined,
      healthEndpoint: "/health",
      deadlineMs: 30_000,
      attemptTimeoutMs: 10_000,
      connectTimeoutMs: 3_000,
      bodyIdleTimeoutMs: 15_000,
      closeTimeoutMs: 5_000,
      retry: { maxRetries: 3, baseDelayMs: 50, maxDelayMs: 20_000 },
      idempotencyHeader: undefined,
      maxConnections: 64,
      maxResponseBytes: 10 * 1024 * 1024,
      tls: {},
    });
  });

  test("an option given as undefined counts as not given", () => {
    expect(
      settingsOf({ deadlineMs: undefined, retry: undefined, headers: undefined, apiKey: undefined }),
    ).toMatchObject({
      deadlineMs: 30_000,
      retry: { maxRetries: 3 },
    });
  });

  test("are cut to a deadline below them, since only values that the user gave can contradict each other", () => {
    expect(settingsOf({ deadlineMs: 1_000 })).toMatchObject({
      attemptTimeoutMs: 1_000,
      connectTimeoutMs: 1_000,
      bodyIdleTimeoutMs: 1_000,
    });
  });

  test("retry: false makes no retries", () => {
    expect(settingsOf({ retry: false }).retry.maxRetries).toBe(0);
  });
});

describe("what is taken", () => {
  test("a base URL with a path, as text or URL, and the endpoint base behind it", () => {
    expect(settingsOf({ baseUrl: "http://h:8080/api/", endpointBase: "v1/" }).base).toEqual({
      origin: "http://h:8080",
      path: "/api/v1",
    });
    expect(settingsOf({ baseUrl: new URL("https://h/api"), endpointBase: "/v1" }).base.path).toBe("/api/v1");
  });

  test("an endpoint base beyond ASCII, encoded; what is encoded already stays", () => {
    expect(settingsOf({ endpointBase: "/größe/a%2Fb" }).base.path).toBe("/gr%C3%B6%C3%9Fe/a%2Fb");
    expect(encodePath("/100%25/ü")).toBe("/100%25/%C3%BC");
  });

  test("header names in any case, and an undefined one as not given", () => {
    const headers = { "X-Tenant": "t1", "X-None": undefined } as unknown as Record<string, string>;
    expect(settingsOf({ headers }).headers).toEqual({ "x-tenant": "t1" });
  });

  test("idempotency as true, false or the name of a header", () => {
    expect(settingsOf({ idempotency: true }).idempotencyHeader).toBe("idempotency-key");
    expect(settingsOf({ idempotency: false }).idempotencyHeader).toBeUndefined();
    expect(settingsOf({ idempotency: "X-Request-Token" }).idempotencyHeader).toBe("x-request-token");
  });

  test("a key as text or Secret, kept as a Secret", () => {
    expect(settingsOf({ apiKey: "sk_1" }).apiKey?.reveal()).toBe("sk_1");
    const secret = new Secret("sk_2");
    expect(settingsOf({ apiKey: secret }).apiKey).toBe(secret);
  });

  test("no health endpoint, or another one", () => {
    expect(settingsOf({ healthEndpoint: false }).healthEndpoint).toBe(false);
    expect(settingsOf({ healthEndpoint: "live" }).healthEndpoint).toBe("/live");
  });

  test("TLS settings, without those that were not given", () => {
    expect(settingsOf({ tls: { rejectUnauthorized: false } }).tls).toEqual({ rejectUnauthorized: false });
    expect(settingsOf({ tls: {} }).tls).toEqual({ rejectUnauthorized: true });
  });
});

describe("what is refused at construction", () => {
  test.each([
    [
      "no base URL",
      { baseUrl: undefined },
      "baseUrl is required: an absolute URL that starts with https:// or http://",
    ],
    ["a relative base URL", { baseUrl: "/api" }, "baseUrl must be an absolute URL"],
    ["another scheme", { baseUrl: "ftp://h" }, "baseUrl must be an absolute URL"],
    [
      "credentials in the base URL",
      { baseUrl: "https://u:sk_1@h" },
      "baseUrl must not contain a user name or password",
    ],
    ["a query in the base URL", { baseUrl: "https://h/?a=1" }, "baseUrl must not have a query or a fragment"],
    ["an unknown option", { deadlineMS: 5 }, "unknown option deadlineMS; did you mean deadlineMs?"],
    ["a limit of zero", { deadlineMs: 0 }, "deadlineMs must be a number of at least 1, not 0"],
    ["a negative limit", { attemptTimeoutMs: -1 }, "attemptTimeoutMs must be a number of at least 1, not -1"],
    ["a limit that is no number", { connectTimeoutMs: Number.NaN }, "connectTimeoutMs must be a number"],
    ["a limit as text", { bodyIdleTimeoutMs: "5" }, "bodyIdleTimeoutMs must be a number of at least 1, not a string"],
    ["propagation as text", { propagateTrace: "no" }, "propagateTrace must be a boolean, not a string"],
    ["a negative close limit", { closeTimeoutMs: -1 }, "closeTimeoutMs must be a number of at least 0, not -1"],
    [
      "an attempt limit above the deadline",
      { deadlineMs: 10, attemptTimeoutMs: 20 },
      "attemptTimeoutMs (20) must not be above deadlineMs (10)",
    ],
    [
      "a connect limit above the deadline",
      { deadlineMs: 10, connectTimeoutMs: 20 },
      "connectTimeoutMs (20) must not be above deadlineMs (10)",
    ],
    ["half a connection", { maxConnections: 1.5 }, "maxConnections must be a whole number of at least 1, not 1.5"],
    ["no connections", { maxConnections: 0 }, "maxConnections must be a whole number of at least 1, not 0"],
    ["no bytes", { maxResponseBytes: 0 }, "maxResponseBytes must be a whole number of at least 1, not 0"],
    [
      "negative retries",
      { retry: { maxRetries: -1 } },
      "retry.maxRetries must be a whole number of at least 0, not -1",
    ],
    ["retry as a number", { retry: 3 }, "retry must be an object, not 3"],
    ["an empty name", { name: "" }, "name must not be empty"],
    ["apiKey beside auth", { apiKey: "sk_1", auth: basic("u", "p") }, "apiKey and auth are both given"],
    [
      "a header that auth sets as well",
      { headers: { Authorization: "x" }, auth: bearer("t") },
      "headers.authorization and auth both set the header authorization",
    ],
    ["an auth that is a string", { auth: "sk_1" }, "auth must be bearer(…), basic(…) or another provider"],
    ["an auth without a name", { auth: { apply: () => ({}) } }, "auth must be bearer(…)"],
    ["an auth that can do nothing", { auth: { name: "own" } }, "auth must be bearer(…)"],
    ["an auth with no credentials", { auth: { name: "own", credentials: null } }, "auth must be bearer(…)"],
    [
      "an auth with a bad header",
      { auth: { name: "own", credentials: { headers: { a: "\n" } } } },
      "auth: header a must not contain CR, LF",
    ],
    [
      "an auth with a bad parameter",
      { auth: { name: "own", credentials: { query: { a: 5 } } } },
      "auth: the query parameter a must be a string",
    ],
    ["an empty key", { apiKey: "" }, "apiKey must be a Secret or a string that is not empty"],
    ["a key with the line end of its file", { apiKey: "sk_1\n" }, "apiKey must not contain CR, LF"],
    ["a header with CR and LF", { headers: { "x-a": "a\r\nx-b: b" } }, "header x-a must not contain CR, LF"],
    ["a header name that is none", { headers: { "x a": "1" } }, 'header "x a" is not a valid header name'],
    ["a header that is no text", { headers: { "x-a": 1 } }, "header x-a must be a string"],
    [
      "headers as a Headers object",
      { headers: new Headers({ a: "1" }) },
      "headers must be an object of names and string values",
    ],
    ["headers as text", { headers: "a: 1" }, "headers must be an object of names and string values"],
    [
      "an endpoint base that leaves the base",
      { endpointBase: "/../admin" },
      'endpointBase must not contain "." or ".." segments',
    ],
    [
      "an endpoint base of another origin",
      { endpointBase: "https://other.test" },
      "endpointBase must be a path below the base URL",
    ],
    ["an endpoint base with a query", { endpointBase: "/v1?a=1" }, "endpointBase must not have a query"],
    [
      "a health endpoint that leaves the base",
      { healthEndpoint: "//other.test/health" },
      "healthEndpoint must be a path below the base URL",
    ],
    [
      "idempotency that is no header name",
      { idempotency: "two words" },
      "idempotency must be true, false or the name of a header",
    ],
    ["a dispatcher that cannot dispatch", { dispatcher: {} }, "dispatcher must be an object with dispatch()"],
    ["a certificate that is none", { tls: { cert: "garbage", key: "garbage" } }, "tls.ca, cert or key cannot be used"],
    ["a CA of the wrong kind", { tls: { ca: 5 } }, "tls.ca, cert or key cannot be used"],
    ["an unknown TLS option", { tls: { cart: "x" } }, "unknown option tls.cart; did you mean cert?"],
  ])("%s", (_what, options, problem) => {
    const problems = problemsOf(options);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test("options that are no object", () => {
    expect(refusalOf(undefined).problems[0]).toBe("the options must be an object, not undefined");
    expect(refusalOf(null)).toMatchObject({ service: "Payments" });
  });

  test("everything at once, under the name that was given", () => {
    const refusal = refusalOf({ name: "gateway", baseUrl: "nowhere", deadlineMs: 0, tirmeout: 1 });
    expect(refusal.problems).toHaveLength(3);
    expect(refusal).toMatchObject({ service: "gateway", code: "configuration-invalid", outcome: "not-sent" });
  });

  test("no secret is shown in what is said about it", () => {
    const { message } = refusalOf({
      baseUrl: "https://u:sk_1@h",
      apiKey: "sk_2\r\n",
      headers: { authorization: "sk_3\n" },
    });
    expect(message).not.toMatch(/sk_[123]/);
  });

  test("before any connection is made", async () => {
    await using server = await httpServer();
    expect(() => new Payments({ baseUrl: server.url, logger: silentLogger, maxConnections: -1 })).toThrow(
      /Payments: maxConnections/,
    );
    expect(server.connections).toBe(0);
  });
});
