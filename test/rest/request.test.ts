import { describe, expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { readRESTOptions, type RESTServiceOptions } from "../../src/rest/options.ts";
import { type RequestOptions, Requests } from "../../src/rest/request.ts";
import { answerStatuses, httpServer, type SeenRequest } from "../support/http-server.ts";
import { failureOf, startedPayments } from "../support/rest-client.ts";

/** How a call arrives at the service. */
async function arrivalOf(
  endpoint: string,
  options: RequestOptions = {},
  settings: Parameters<typeof startedPayments>[1] = {},
): Promise<SeenRequest> {
  await using server = await httpServer();
  await using service = await startedPayments(server, settings);
  await service.post(endpoint, options);
  return await server.request(1);
}

/** What is said about a call that is refused; fails if a connection was made for it. */
async function problemsOf(endpoint: unknown, options: unknown = {}, method = "POST"): Promise<readonly string[]> {
  await using server = await httpServer();
  await using service = await startedPayments(server);
  const call = service.request(method, endpoint as string, options as RequestOptions);
  const refusal = await failureOf(call, isServiceConfigurationError);
  expect(server.connections).toBe(0);
  return refusal.problems;
}

describe("the path", () => {
  test.each([
    ["/payments", {}, "/payments"],
    ["payments", {}, "/payments"],
    ["", {}, "/"],
    ["/payments/", {}, "/payments/"],
    ["/a%2Fb/ü", {}, "/a%2Fb/%C3%BC"],
    ["/payments/{id}", { path: { id: "p_1" } }, "/payments/p_1"],
    ["/payments/{id}", { path: { id: "a/b?c#d" } }, "/payments/a%2Fb%3Fc%23d"],
    ["/payments/{id}", { path: { id: "größe 100%" } }, "/payments/gr%C3%B6%C3%9Fe%20100%25"],
    ["/payments/{id}", { path: { id: "%2e%2e" } }, "/payments/%252e%252e"],
    ["/payments/{id}/lines/{line}", { path: { id: 7, line: 2n ** 64n } }, "/payments/7/lines/18446744073709551616"],
    ["/payments/{id}", { path: { id: "x\uD800" } }, "/payments/x%EF%BF%BD"],
    ["/search?q={q}", { path: { q: "a&b" } }, "/search?q=a%26b"],
  ])("%s is filled and encoded: case %#", async (endpoint, options: RequestOptions, url) => {
    expect((await arrivalOf(endpoint, options)).url).toBe(url);
  });

  test("goes behind the path of the base URL and the endpoint base, with one slash between", async () => {
    await using server = await httpServer();
    await using service = await startedPayments({ url: `${server.url}/api/` }, { endpointBase: "v1/" });
    await service.get("/payments");
    await service.get("");
    await service.get("?page=2");
    expect(server.requests.map(({ url }) => url)).toEqual(["/api/v1/payments", "/api/v1", "/api/v1?page=2"]);
  });

  test.each([
    ["https://other.test/x", "must be a path below the base URL"],
    ["//other.test/x", "must be a path below the base URL"],
    ["/../admin", 'must not contain "." or ".." segments'],
    ["/a/%2e%2E/admin", 'must not contain "." or ".." segments'],
    ["/a\\..\\admin", "must not contain spaces, control characters or backslashes"],
    ["/a b", "must not contain spaces"],
    ["/a\r\nx: y", "must not contain spaces, control characters"],
    ["/a#b", "must not have a fragment"],
  ])("%j is refused before any connection is made", async (endpoint, problem) => {
    const problems = await problemsOf(endpoint);
    expect(problems).toEqual([expect.stringMatching(/^POST: endpoint /)]);
    expect(problems[0]).toContain(problem);
  });

  test.each([["."], [".."]])("a value of %j is refused, for no encoding saves it", async (id) => {
    expect(await problemsOf("/payments/{id}/x", { path: { id } })).toEqual([
      'POST /payments/{id}/x: path.id must not be "." or ".."',
    ]);
  });

  test("values that make a dot segment only together are refused", async () => {
    expect(await problemsOf("/a/.{rest}", { path: { rest: "." } })).not.toEqual([]);
  });

  test.each([[""], [undefined], [null], [{}], [true]])("a value of %j is refused", async (id) => {
    expect(await problemsOf("/payments/{id}", { path: { id } })).toEqual([
      "POST /payments/{id}: path.id is needed for {id}, as a string or number that is not empty",
    ]);
  });

  test("a name without a value is refused, and so is a value without a name", async () => {
    expect(await problemsOf("/{constructor}")).toHaveLength(1);
    expect(await problemsOf("/payments", { path: { id: 1 } })).toEqual([
      "POST /payments: path.id is given, but the endpoint has no {id}",
    ]);
  });
});

describe("the query", () => {
  test("has unicode, lists, dates and what a query gives a meaning to encoded, and leaves out undefined and null", async () => {
    const params = { "q&": "größe = 1+1", id: [1, 2], at: new Date(0), none: undefined, nil: null, all: false };
    const { url } = await arrivalOf("/search", { params });
    expect(url).toBe("/search?q%26=gr%C3%B6%C3%9Fe%20%3D%201%2B1&id=1&id=2&at=1970-01-01T00%3A00%3A00.000Z&all=false");
    expect(new URLSearchParams(url.split("?")[1]).get("q&")).toBe("größe = 1+1");
  });

  test("is added to one that the endpoint has, and no question mark is added for nothing", async () => {
    expect((await arrivalOf("/search?a=1", { params: { b: 2 } })).url).toBe("/search?a=1&b=2");
    expect((await arrivalOf("/search", { params: { b: undefined } })).url).toBe("/search");
  });

  test.each([
    ["an invalid date", { at: new Date("never") }, "params.at must be"],
    ["an object", { filter: { a: 1 } }, "params.filter must be"],
    ["a URLSearchParams, which has no properties", new URLSearchParams("a=1"), "params must be an object"],
  ])("with %s is refused", async (_what, params, problem) => {
    const problems = await problemsOf("/search", { params });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });
});

describe("headers", () => {
  test("of the call win over those of the service and of the body, whatever their case", async () => {
    const { headers } = await arrivalOf(
      "/x",
      { json: {}, headers: { "X-Tenant": "call", "Content-Type": "application/vnd.api+json", "USER-AGENT": "app" } },
      { headers: { "x-tenant": "service", "x-region": "eu" } },
    );
    expect(headers).toMatchObject({
      "x-tenant": "call",
      "x-region": "eu",
      "content-type": "application/vnd.api+json",
      "user-agent": "app",
    });
  });

  test("ask for an answer in an encoding that is undone here, since no header at all would allow any", async () => {
    expect((await arrivalOf("/x")).headers["accept-encoding"]).toBe("gzip, br, zstd");
    expect((await arrivalOf("/x", {}, { decompress: false })).headers["accept-encoding"]).toBe("identity");
  });

  test("that ask for another encoding win, those of the call over those of the service", async () => {
    const service = { headers: { "Accept-Encoding": "br" } };
    expect((await arrivalOf("/x", {}, service)).headers["accept-encoding"]).toBe("br");
    const call = { headers: { "accept-encoding": "identity" } };
    expect((await arrivalOf("/x", call, service)).headers["accept-encoding"]).toBe("identity");
  });

  test("an undefined one is not sent, and takes the service's own away", async () => {
    const headers = { "x-none": undefined, "X-Tenant": undefined };
    const arrived = (await arrivalOf("/x", { headers }, { headers: { "x-tenant": "service" } })).headers;
    expect(arrived).not.toHaveProperty("x-none");
    expect(arrived).not.toHaveProperty("x-tenant");
  });

  test("the key goes as a bearer token, and a header of the call or the service replaces it", async () => {
    const settings = { apiKey: "sk_1" };
    expect((await arrivalOf("/x", {}, settings)).headers.authorization).toBe("Bearer sk_1");
    const own = { headers: { Authorization: "Basic abc" } };
    expect((await arrivalOf("/x", own, settings)).headers.authorization).toBe("Basic abc");
    expect((await arrivalOf("/x", {}, { ...settings, ...own })).headers.authorization).toBe("Basic abc");
  });

  test.each([
    ["a value with CR and LF", { "x-a": "a\r\nx-evil: 1" }, "header x-a must not contain CR, LF"],
    ["a name with CR and LF", { "x-a\r\nx-evil": "1" }, "is not a valid header name"],
    ["a value that is no text", { "x-a": 5 }, "header x-a must be a string"],
    ["a value above U+00FF", { "x-a": "€" }, "a character above U+00FF"],
    ["a Headers object, which has no properties", new Headers({ a: "1" }), "headers must be an object"],
    ["a header that the transport sets itself", { "transfer-encoding": "chunked" }, "invalid transfer-encoding header"],
    ["expect, which the transport does not have", { expect: "100-continue" }, "expect header not supported"],
    ["a content-length that is not the body's", { "content-length": "99" }, "does not match content-length"],
  ])("%s is refused before any byte is sent", async (_what, headers, problem) => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const refusal = await failureOf(
      service.post("/x", { text: "abc", headers } as RequestOptions),
      isServiceConfigurationError,
    );
    expect(refusal.problems).toEqual([expect.stringContaining(problem)]);
    expect(server.requests).toEqual([]);
  });

  test("a refused value is not shown", async () => {
    const problems = await problemsOf("/x", { headers: { authorization: "sk_live_1\n" } });
    expect(problems.join()).not.toContain("sk_live_1");
  });
});

describe("idempotency keys", () => {
  const uuid = /^[0-9a-f-]{36}$/;

  test("one per call, the same on every attempt, another for the next call", async () => {
    await using server = await httpServer(answerStatuses(500, 502, 200));
    await using service = await startedPayments(server, { idempotency: true });
    await service.post("/x", { json: 1 });
    await service.patch("/x", { json: 1 });
    const keys = server.requests.map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toHaveLength(4);
    expect(keys[0]).toMatch(uuid);
    expect(new Set(keys.slice(0, 3)).size).toBe(1);
    expect(keys[3]).toMatch(uuid);
    expect(keys[3]).not.toBe(keys[0]);
  });

  test("none unless the service says that it honours them", async () => {
    expect((await arrivalOf("/x")).headers).not.toHaveProperty("idempotency-key");
  });

  test("none for methods that are idempotent by themselves", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server, { idempotency: true });
    await service.get("/x");
    await service.put("/x", { json: 1 });
    await service.delete("/x");
    for (const { headers } of server.requests) expect(headers).not.toHaveProperty("idempotency-key");
  });

  test("under the name that the service wants", async () => {
    const { headers } = await arrivalOf("/x", {}, { idempotency: "X-Request-Token" });
    expect(headers["x-request-token"]).toMatch(uuid);
    expect(headers).not.toHaveProperty("idempotency-key");
  });

  test.each([
    ["as the option", { idempotencyKey: "order-7" }],
    ["as the header itself", { headers: { "Idempotency-Key": "order-7" } }],
    ["as both, where the option wins", { idempotencyKey: "order-7", headers: { "idempotency-key": "other" } }],
  ])(
    "the caller's own, %s, is the one that is sent, also unasked, and makes the call repeatable",
    async (_how, own) => {
      await using server = await httpServer(answerStatuses(500, 200));
      await using service = await startedPayments(server);
      await service.post("/x", own);
      expect(server.requests.map(({ headers }) => headers["idempotency-key"])).toEqual(["order-7", "order-7"]);
    },
  );

  test.each([[{ idempotencyKey: "" }], [{ headers: { "idempotency-key": "" } }]])(
    "an empty one is refused: %j",
    async (own) => {
      expect(await problemsOf("/x", own)).toEqual(["POST /x: idempotencyKey must not be empty"]);
    },
  );

  test("one that no header can carry is refused", async () => {
    expect(await problemsOf("/x", { idempotencyKey: "a\nb" })).toEqual([
      expect.stringContaining("must not contain CR, LF"),
    ]);
  });
});

describe("what else is refused before any connection is made", () => {
  test.each([
    ["an unknown option", { jsno: 1 }, "unknown option jsno; known are"],
    ["a deadline of zero", { deadlineMs: 0 }, "deadlineMs must be a number above 0, not 0"],
    ["a deadline that is no number", { deadlineMs: Number.NaN }, "deadlineMs must be a number above 0, not NaN"],
    ["a deadline as text", { deadlineMs: "5" }, "deadlineMs must be a number above 0, not 5"],
    ["half a retry", { maxRetries: 0.5 }, "maxRetries must be a whole number of at least 0, not 0.5"],
    ["a signal that is none", { signal: {} }, "signal must be an AbortSignal"],
    ["two bodies", { json: 1, form: {} }, "a call has one body, not json and form"],
    ["a form that is no object", { form: "a=1" }, "form must be an object of names and values"],
  ])("%s", async (_what, options, problem) => {
    const problems = await problemsOf("/x", options);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  test("everything at once", async () => {
    expect(await problemsOf("/{id}", { jsno: 1, deadlineMs: -1, headers: { "a b": "" } })).toHaveLength(4);
  });

  test.each([["GET /evil HTTP/1.1\r\n"], ["two words"], [""]])("the method %j", async (method) => {
    expect((await problemsOf("/x", {}, method))[0]).toContain("the method is not a valid HTTP method");
  });

  test("CONNECT, which is no request for a resource", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    await failureOf(service.request("CONNECT", "/x"), isServiceConfigurationError);
    expect(server.requests).toEqual([]);
  });

  test.each([
    ["an endpoint that is no text", 5, {}],
    ["options that are no object", "/x", "json"],
    ["options that are null", "/x", null],
  ])("%s", async (_what, endpoint, options) => {
    expect(await problemsOf(endpoint, options)).toEqual(["POST: takes an endpoint (a string) and an options object"]);
  });
});

describe("how a call is named in errors", () => {
  test("by method and template, with neither values nor query", async () => {
    await using server = await httpServer(answerStatuses(404));
    await using service = await startedPayments({ url: `${server.url}/api` });
    const call = service.get("/users/{id}?token=sk_1", { path: { id: "me@example.test" }, params: { q: "sk_2" } });
    await expect(call).rejects.toMatchObject({ operation: "GET /api/users/{id}" });
    await expect(call).rejects.not.toHaveProperty("message", expect.stringMatching(/sk_|example/));
  });
});

describe("what calls have in common is made once", () => {
  const common = { accept: "application/json", "x-tenant": "a" };
  const requestsOf = (options: Partial<RESTServiceOptions> = {}): Requests =>
    new Requests(readRESTOptions({ baseUrl: "https://api.test/v1", logger: silentLogger, ...options }, "p"), common);

  test("a call that adds nothing has the request of the one before it", () => {
    const requests = requestsOf({ coalesce: true });
    const first = requests.prepare("GET", "/payments?page=2", {});
    expect(first).toEqual({
      method: "GET",
      path: "/v1/payments?page=2",
      operation: "GET /v1/payments",
      headers: common,
      body: expect.objectContaining({ contentType: undefined }),
      isRepeatable: true,
      isRepeatableLater: true,
      credentials: undefined,
      isSigned: false,
      identity: JSON.stringify(["GET", "/v1/payments?page=2", common]),
    });
    const { signal } = new AbortController();
    expect(requests.prepare("GET", "/payments?page=2", { deadlineMs: 5, maxRetries: 0, signal })).toBe(first);
    expect(requests.prepare("GET", "/payments?page=2", { params: undefined, json: undefined })).toBe(first);
    expect(requests.prepare("DELETE", "/payments?page=2", {})).not.toBe(first);
  });

  test("also after others that were refused, which is what they stay", () => {
    const requests = requestsOf();
    const first = requests.prepare("GET", "/payments", {});
    for (const options of [{ jsno: 1 }, { deadlineMs: 0 }, { maxRetries: -1 }, { signal: {} }, { path: { id: 1 } }]) {
      expect(() => requests.prepare("GET", "/payments", options as RequestOptions)).toThrow(/^p:/);
    }
    expect(requests.prepare("GET", "/payments", {})).toBe(first);
    expect(() => requests.prepare("GET /x", "/payments", {})).toThrow(/not a valid HTTP method/);
  });

  test("what a call adds is in its own request alone", () => {
    const requests = requestsOf();
    const first = requests.prepare("POST", "/payments", {});
    expect(requests.prepare("POST", "/payments", { params: { a: 1 }, headers: { "x-b": "2" } })).toMatchObject({
      path: "/v1/payments?a=1",
      headers: { ...common, "x-b": "2" },
    });
    expect(requests.prepare("POST", "/payments", { headers: { "x-tenant": undefined } }).headers).toEqual({
      accept: "application/json",
    });
    expect(requests.prepare("POST", "/payments", {})).toBe(first);
    expect(first).toMatchObject({ path: "/v1/payments", headers: common });
  });

  test("the name of a method is the same in either case, and another base is for its own requests alone", () => {
    const requests = requestsOf();
    const first = requests.prepare("GET", "/health", {});
    const elsewhere = requests.below({ origin: "https://api.test", path: "" });
    expect(elsewhere.prepare("get", "/health", {})).toMatchObject({ method: "GET", path: "/health", headers: common });
    expect(requests.prepare("get", "/health", {})).toBe(first);
    expect(first.path).toBe("/v1/health");
  });

  test("values fill the template of each call anew", () => {
    const requests = requestsOf();
    const paths = ["a", "b/c", "..d", 7].map((id) => requests.prepare("GET", "/payments/{id}", { path: { id } }).path);
    expect(paths).toEqual(["/v1/payments/a", "/v1/payments/b%2Fc", "/v1/payments/..d", "/v1/payments/7"]);
  });

  test("the headers of a kind of body, but not those of a multipart one, whose boundary is its own", () => {
    const requests = requestsOf();
    const headersWith = (options: RequestOptions) => requests.prepare("POST", "/payments", options).headers;
    const json = headersWith({ json: 1 });
    expect(json).toEqual({ ...common, "content-type": "application/json" });
    expect(headersWith({ json: 2 })).toBe(json);
    expect(headersWith({ text: "a" })).toEqual({ ...common, "content-type": "text/plain;charset=UTF-8" });
    const [first, second] = [headersWith({ multipart: { a: "1" } }), headersWith({ multipart: { a: "1" } })];
    expect(first?.["content-type"]).not.toBe(second?.["content-type"]);
    expect(headersWith({ bytes: Buffer.from("abc"), onUploadProgress: () => undefined })).toMatchObject({
      "content-length": "3",
    });
    expect(headersWith({ bytes: Buffer.from("abc") })).not.toHaveProperty("content-length");
  });

  test("a key is of one call alone", () => {
    const requests = requestsOf({ idempotency: true });
    const [first, second] = [requests.prepare("POST", "/payments", {}), requests.prepare("POST", "/payments", {})];
    expect(first).toMatchObject({ isRepeatable: true, isRepeatableLater: false });
    expect(first.headers["idempotency-key"]).not.toBe(second.headers["idempotency-key"]);
    expect(requests.prepare("POST", "/payments", { idempotencyKey: "k" })).toMatchObject({
      headers: { ...common, "idempotency-key": "k" },
      isRepeatableLater: true,
    });
  });

  test("options that a class inherits are options", () => {
    class Search {
      get params(): { readonly q: string } {
        return { q: "a" };
      }
    }
    expect(requestsOf().prepare("GET", "/payments", new Search()).path).toBe("/v1/payments?q=a");
  });
});
