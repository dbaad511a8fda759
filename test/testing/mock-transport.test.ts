import { Writable } from "node:stream";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  isServiceConfigurationError,
  isServiceConnectionError,
  isServiceResponseError,
  isServiceTimeoutError,
} from "../../src/core/errors.ts";
import { basic } from "../../src/rest/auth/fixed.ts";
import { contains, inPieces, mockTransport, ndjson, sse } from "../../src/testing/index.ts";
import { anyFailureOf, failureOf, startedPayments } from "../support/rest-client.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";

const at = { url: "https://api.test" };

describe("an expectation", () => {
  test("answers with what a function makes of the call, and of the values in its path", async () => {
    await using mock = mockTransport();
    mock.on("GET", "/users/{id}").reply(200, ({ params }) => ({ id: params.id }), { headers: { "X-Trace": "7" } });
    await using service = await startedPayments(at, { dispatcher: mock });
    const answer = await service.get("/users/{id}", { path: { id: "a/b" } });
    expect(answer.json()).toEqual({ id: "a/b" });
    expect(answer.headers).toEqual({ "x-trace": "7", "content-type": "application/json", "content-length": "12" });
  });

  test("takes one call, and the next that fits the one after it", async () => {
    await using mock = mockTransport();
    mock.on("GET", "/n").reply(200, 1);
    mock.on("GET", "/n").reply(200, 2);
    await using service = await startedPayments(at, { dispatcher: mock });
    expect([await service.getJson("/n"), await service.getJson("/n")]).toEqual([1, 2]);
    await expect(service.getJson("/n")).rejects.toThrow("GET /n: has had all of its calls (1)");
    mock.reset();
  });

  test("takes a method of any name, in upper case", async () => {
    await using mock = mockTransport();
    mock.on("PROPFIND" as never, "/files").reply(207, "<multistatus/>");
    expect(() => mock.on("propfind" as never, "/files")).toThrow("the method must be in upper case");
    await using service = await startedPayments(at, { dispatcher: mock });
    expect((await service.request("propfind", "/files")).status).toBe(207);
  });

  test("takes as many calls as it says", async () => {
    await using mock = mockTransport();
    mock.on("GET", "/three").times(3).reply(204);
    mock.on("GET", "/any").reply(204).persist();
    mock.on("GET", "/never").reply(204).optional();
    await using service = await startedPayments(at, { dispatcher: mock });
    for (let call = 0; call < 3; call++) await service.get("/three");
    for (let call = 0; call < 5; call++) await service.get("/any");
    await expect(service.get("/three")).rejects.toThrow("GET /three: has had all of its calls (3)");
    expect(mock.history).toHaveLength(9);
    mock.reset();
  });

  test("does one thing after the other, and the last from then on where it persists", async () => {
    await using mock = mockTransport();
    mock
      .on("GET", "/x")
      .sequence([{ fail: "refused" }, { status: 503 }, () => ({ status: 200, body: "a" }), { status: 200, body: "b" }])
      .persist();
    await using service = await startedPayments(at, { dispatcher: mock });
    const first = await service.get("/x");
    expect(first.text()).toBe("a");
    expect(first.attempts.map(({ code }) => code)).toEqual(["connection-connect", "response-status", undefined]);
    expect((await service.get("/x")).text()).toBe("b");
    expect((await service.get("/x")).text()).toBe("b");
  });

  test("waits on the clock of the mock, before an answer and before a fault", async () => {
    const clock = new VirtualClock();
    await using mock = mockTransport({ clock });
    mock.on("GET", "/late").delay(2_000).reply(200, "late");
    mock.on("GET", "/never").fail("refused").delay(2_000);
    await using service = await startedPayments(at, { dispatcher: mock, clock, retry: false });
    const ends: string[] = [];
    const note = (what: string) => (): void => void ends.push(what);
    void service.get("/late").then(note("late"));
    void service.get("/never").then(undefined, note("never"));
    await clock.advance(1_999);
    expect(ends).toEqual([]);
    await clock.advance(1);
    await settled();
    expect(ends.toSorted()).toEqual(["late", "never"]);
  });

  test("that waits is not waited for once its call was given up", async () => {
    const clock = new VirtualClock();
    await using mock = mockTransport({ clock });
    mock.on("GET", "/x").reply(200, "late").delay(60_000);
    mock.on("GET", "/lines").reply(200, ndjson([1, 2], { everyMs: 60_000 }));
    await using service = await startedPayments(at, { dispatcher: mock, clock, retry: false, bodyIdleTimeoutMs: 500 });
    const late = failureOf(service.get("/x", { deadlineMs: 500 }), isServiceTimeoutError);
    const lines = failureOf(service.get("/lines"), isServiceTimeoutError);
    await clock.advance(500);
    expect([(await late).limit, (await lines).limit]).toEqual(["deadline", "body-idle"]);
    await service.close();
    await settled();
    expect(clock.timers).toBe(0);
  });

  test("that hangs is ended by a limit of the call, and leaves nothing behind", async () => {
    const clock = new VirtualClock();
    await using mock = mockTransport({ clock });
    mock.on("GET", "/x").fail("hang");
    await using service = await startedPayments(at, { dispatcher: mock, clock, retry: false, attemptTimeoutMs: 500 });
    const failure = failureOf(service.get("/x"), isServiceTimeoutError);
    await clock.advance(500);
    expect(await failure).toMatchObject({ limit: "attempt", outcome: "unknown" });
  });
});

describe("a call is taken by what it is", () => {
  const query = { page: "2", tag: ["a", "b"] };
  test.each([
    ["the same query", { query: { page: 2, tag: ["a", "b"] } }, true],
    ["a query with one more", { query: { page: 2 } }, false],
    ["part of the query", { query: contains({ page: "2" }) }, true],
    ["a pattern", { query: contains({ page: /^\d$/ }) }, true],
    ["no query at all", { query: {} }, false],
    ["a function of the query", { query: (given: object) => Object.keys(given).length === 2 }, true],
    ["a header", { headers: { "X-Tenant": "t1" } }, true],
    ["another header", { headers: { "x-tenant": /t2/ } }, false],
    ["a header that must be absent", { headers: { "x-tenant": undefined } }, false],
    ["the same body", { body: { amount: 1, to: { name: "Ada" } } }, true],
    ["another body", { body: { amount: 2, to: { name: "Ada" } } }, false],
    ["less than the body", { body: contains({ to: contains({ name: "Ada", age: 1 }) }) }, false],
    ["part of the body, deep", { body: contains({ to: { name: "Ada" } }) }, true],
    ["a function of the body", { body: (body: unknown) => (body as { amount: number }).amount === 1 }, true],
    ["anything else", { when: ({ path }: { path: string }) => path.endsWith("2") }, false],
    ["its origin", { origin: "https://api.test" }, true],
    ["another origin", { origin: "https://other.test" }, false],
  ])("%s: %o", async (_what, rules, isTaken) => {
    await using mock = mockTransport();
    mock.on("POST", "/x", rules).reply(200, "taken").optional();
    mock.on("POST", "/x").reply(200, "left").optional();
    await using service = await startedPayments(at, { dispatcher: mock });
    const json = { amount: 1, to: { name: "Ada" } };
    const answer = await service.post("/x", { params: query, headers: { "x-tenant": "t1" }, json });
    expect(answer.text()).toBe(isTaken ? "taken" : "left");
  });

  test("a body that is a stream decides once it has arrived", async () => {
    await using mock = mockTransport();
    mock.on("PUT", "/file", { body: "other" }).reply(200, "other").optional();
    mock.on("PUT", "/file", { body: "whole" }).reply(201, ({ body }) => body);
    await using service = await startedPayments(at, { dispatcher: mock });
    const stream = (): Uint8Array[] => [Buffer.from("who"), Buffer.from("le")];
    const answer = await service.put("/file", { stream, headers: { "content-type": "text/plain" } });
    expect([answer.status, answer.text()]).toEqual([201, "whole"]);
    const failure = await anyFailureOf(service.put("/file", { stream: () => [Buffer.from("?")] }));
    expect(failure).toMatchObject({ attempts: [{}] });
    expect(inspect(failure.cause)).toContain("the mock transport expects no PUT /file");
    expect(() => mock.assertDone()).toThrow("the mock transport expects no PUT /file");
    mock.reset();
  });

  test("several services share a mock, each at its own origin and below its own path", async () => {
    await using mock = mockTransport({ origin: "https://api.test", basePath: "/v1" });
    mock.on("GET", "/me").reply(200, "api");
    mock.on("GET", "/me", { origin: "https://other.test" }).reply(200, "other");
    await using api = await startedPayments(at, { endpointBase: "/v1", dispatcher: mock });
    await using other = await startedPayments({ url: "https://other.test" }, { endpointBase: "/v1", dispatcher: mock });
    expect([(await other.get("/me")).text(), (await api.get("/me")).text()]).toEqual(["other", "api"]);
  });
});

describe("a call that nobody expects", () => {
  test("fails at once and for good, and names itself and the nearest expectations, without secrets", async () => {
    await using mock = mockTransport();
    mock.on("POST", "/users/{id}", { query: { page: 1 }, headers: { authorization: "Bearer other" } }).reply(200);
    mock.on("GET", "/orders").reply(200);
    await using service = await startedPayments(at, { dispatcher: mock, apiKey: "s3cret-key" });
    const call = service.post("/users/7", { params: { page: 2, api_key: "s3cret" }, idempotencyKey: "k" });
    const error = await failureOf(call, isServiceConfigurationError);
    expect(mock.history).toHaveLength(1);
    expect(error.message).toContain(
      "the mock transport expects no POST /users/7?page=2&api_key=[redacted] at https://api.test. The nearest:\n" +
        '  POST /users/{id}: query page is "2", not 1; query has api_key, which was not expected; ' +
        "header authorization is [redacted], not [redacted]\n" +
        "  GET /orders: method is POST, not GET; path is /users/7, not /orders",
    );
    expect(() => mock.assertDone()).toThrow(/expects no POST.*\n.*\n.*\nPOST \/users\/\{id\} was called 0 times of 1/);
    mock.reset();
  });

  test("counts for no circuit breaker", async () => {
    await using mock = mockTransport();
    await using service = await startedPayments(at, { dispatcher: mock });
    const calls = Array.from({ length: 30 }, () => anyFailureOf(service.get("/x")));
    const codes = (await Promise.all(calls)).map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(["configuration-invalid"]));
    mock.reset();
  });

  test("is passed on where the mock was told to whom", async () => {
    await using far = mockTransport();
    far.on("GET", "/x").reply(200, "far");
    await using mock = mockTransport({ otherwise: far });
    await using service = await startedPayments(at, { dispatcher: mock });
    expect((await service.get("/x")).text()).toBe("far");
    expect(mock.history[0]?.outcome).toEqual({ kind: "passed-on" });
  });

  test("comes to light at the end of the test, though the code under test swallows its error", async () => {
    const run = async (): Promise<void> => {
      await using mock = mockTransport();
      await using service = await startedPayments(at, { dispatcher: mock });
      await service.get("/x").catch(() => undefined);
    };
    await expect(run()).rejects.toThrow("the mock transport expects no GET /x at https://api.test: it was told of no");
  });

  test("an expectation behind one that takes all of its calls is told of it", async () => {
    await using mock = mockTransport();
    mock.on("GET", "/x").reply(200).persist();
    mock.on("GET", "/x").reply(500);
    await using service = await startedPayments(at, { dispatcher: mock });
    await service.get("/x");
    expect(() => mock.assertDone()).toThrow(
      "GET /x was called 0 times of 1: an earlier GET /x took 1, and the first that fits takes a call",
    );
    mock.reset();
  });

  test("and one that was expected and did not come, likewise", async () => {
    const run = async (): Promise<void> => {
      await using mock = mockTransport();
      mock.on("GET", "/x").reply(200).times(2);
    };
    await expect(run()).rejects.toThrow("GET /x was called 0 times of 2");
  });

  test.each(["answers", "is refused", "hangs"] as const)("that %s when the mock is closed is told so", async (how) => {
    const clock = new VirtualClock();
    const mock = mockTransport({ clock });
    const late = mock.on("GET", "/x").delay(how === "hangs" ? 0 : 60_000);
    if (how === "answers") late.reply(200);
    else late.fail(how === "hangs" ? "hang" : "refused");
    await using service = await startedPayments(at, { dispatcher: mock, clock });
    const failure = anyFailureOf(service.get("/x"));
    await settled();
    await mock.close();
    expect((await failure).message).toContain("GET /x was under way when the mock transport was closed");
    expect(mock.history).toHaveLength(1);
    await service.close();
    expect(clock.timers).toBe(0);
  });

  test("after the mock was closed says so", async () => {
    const mock = mockTransport();
    await mock.close();
    await using service = await startedPayments(at, { dispatcher: mock });
    await expect(service.get("/x")).rejects.toThrow("the mock transport is closed");
  });
});

describe("the mock's own mistakes", () => {
  test("a function that throws ends the call at once, with what it threw as the cause", async () => {
    await using mock = mockTransport();
    mock.on("GET", "/x").reply(200, () => {
      throw new Error("expected 1 to be 2");
    });
    await using service = await startedPayments(at, { dispatcher: mock });
    const error = await anyFailureOf(service.get("/x"));
    expect(error.attempts).toHaveLength(1);
    expect(error.message).toContain("the mock's answer to GET /x failed: expected 1 to be 2");
    expect((error.cause as Error).cause).toEqual(new Error("expected 1 to be 2"));
    expect(() => mock.assertDone()).toThrow("the mock's answer to GET /x failed: expected 1 to be 2");
    mock.reset();
  });

  test("a rule that throws ends the call at once, whether its body is known or a stream", async () => {
    await using mock = mockTransport();
    const when = (): boolean => {
      throw new Error("when is wrong");
    };
    mock.on("PUT", "/x", { when }).reply(200);
    await using service = await startedPayments(at, { dispatcher: mock });
    const text = "the mock's answer to PUT /x failed: when is wrong";
    await expect(service.put("/x", { text: "a" })).rejects.toThrow(text);
    await expect(service.put("/x", { stream: () => [Buffer.from("a")] })).rejects.toThrow(text);
    expect(mock.history).toHaveLength(2);
    mock.reset();
  });

  test("a body that does not fit the schema is refused where it is defined, and where it is made", async () => {
    await using mock = mockTransport();
    const schema = z.object({ id: z.string() });
    expect(() => mock.on("GET", "/a", { schema }).reply(200, { id: 7 })).toThrow(
      "mockTransport GET /a reply(): body does not fit the schema at id: ",
    );
    expect(() => mock.on("GET", "/b").reply(200, { id: 7 }, { schema })).toThrow("does not fit the schema at id");
    expect(() => mock.on("GET", "/c", { schema: { 404: schema } }).reply(404, {})).toThrow("does not fit the schema");
    expect(() => mock.on("GET", "/d", { schema }).sequence([{ status: 200, body: {} }])).toThrow("step 1: body does");
    mock.reset();
    mock.on("GET", "/x", { schema }).reply(200, () => ({ id: 7 }));
    mock.on("GET", "/x", { schema }).reply(404, { title: "not of the schema, and need not be" });
    await using service = await startedPayments(at, { dispatcher: mock, retry: false });
    await expect(service.get("/x")).rejects.toThrow("body does not fit the schema at id");
    await failureOf(service.get("/x"), isServiceResponseError);
    mock.reset();
  });

  test("an expectation without an answer is found by the first call, and by the end", async () => {
    await using mock = mockTransport();
    mock.on("GET", "/x");
    await using service = await startedPayments(at, { dispatcher: mock });
    await expect(service.get("/x")).rejects.toThrow("GET /x has no answer: say reply(…) or fail(…)");
    expect(() => mock.assertDone()).toThrow("GET /x has no answer");
    mock.reset();
  });

  test("a stream that can be read once is not sent a second time as nothing", async () => {
    await using mock = mockTransport();
    const once = (async function* () {
      yield "whole";
    })();
    mock.on("GET", "/x").reply(200, once).times(2);
    await using service = await startedPayments(at, { dispatcher: mock });
    expect((await service.get("/x")).text()).toBe("whole");
    await expect(service.get("/x")).rejects.toThrow("give a function that makes the stream");
    mock.reset();
  });
});

describe("streams", () => {
  test("server-sent events and lines of JSON come piece by piece", async () => {
    const clock = new VirtualClock();
    await using mock = mockTransport({ clock });
    mock.on("GET", "/events").reply(200, sse([{ data: { n: 1 }, id: "a", event: "tick" }, { data: "two\nlines" }]));
    mock.on("GET", "/lines").reply(200, ndjson([{ n: 1 }, { n: 2 }], { everyMs: 50, staysOpen: true }));
    await using service = await startedPayments(at, { dispatcher: mock, clock });
    const events = service.events("/events");
    expect((await events.next()).value).toMatchObject({ event: "tick", id: "a", data: '{"n":1}' });
    expect((await events.next()).value).toMatchObject({ data: "two\nlines" });
    await events.return(undefined);
    const lines = service.lines("/lines");
    const first = lines.next();
    await clock.advance(49);
    const both = Promise.all([first, lines.next()]);
    await clock.advance(1);
    expect((await first).value).toEqual({ n: 1 });
    await clock.advance(50);
    expect((await both)[1].value).toEqual({ n: 2 });
    await lines.return(undefined);
  });

  test("a body in pieces breaks a character in two, and arrives whole", async () => {
    await using mock = mockTransport();
    const [a, b] = [Buffer.from("é").subarray(0, 1), Buffer.from("é").subarray(1)];
    mock.on("GET", "/x").reply(200, inPieces(["caf", a, b], { contentType: "text/plain" }));
    await using service = await startedPayments(at, { dispatcher: mock });
    expect((await service.get("/x")).text()).toBe("café");
  });

  test("a large body waits for its reader, and arrives whole", async () => {
    await using mock = mockTransport();
    mock.on("GET", "/x").reply(200, Buffer.alloc(5_000_000, "x"));
    await using service = await startedPayments(at, { dispatcher: mock });
    await using answer = await service.stream("/x");
    let bytes = 0;
    for await (const piece of answer.body) bytes += piece.byteLength;
    expect(bytes).toBe(5_000_000);
  });
});

describe("all of the pipeline runs above it", () => {
  test("a redirect is followed to another origin, without the credentials", async () => {
    await using mock = mockTransport();
    mock.on("GET", "/old").reply(302, undefined, { headers: { location: "https://cdn.test/new" } });
    mock.on("GET", "/new", { origin: "https://cdn.test" }).reply(200, "new");
    await using service = await startedPayments(at, { dispatcher: mock, apiKey: "s3cret-key" });
    expect((await service.get("/old")).text()).toBe("new");
    expect(mock.calls("GET", "/old")[0]?.headers.authorization).toBe("Bearer s3cret-key");
    expect(mock.calls("GET", "/new")[0]?.headers.authorization).toBeUndefined();
  });

  test("retries wait as long as the service asks for, and the breaker opens", async () => {
    const clock = new VirtualClock();
    await using mock = mockTransport({ clock });
    mock.on("GET", "/x").sequence([
      { status: 429, headers: { "retry-after": "7" } },
      { status: 200, body: "there" },
    ]);
    mock.on("GET", "/down").reply(503).persist();
    await using service = await startedPayments(at, { dispatcher: mock, clock, circuitBreaker: { maxWaitMs: 0 } });
    const call = service.get("/x");
    await clock.advance(6_999);
    expect(mock.history).toHaveLength(1);
    await clock.advance(5_001);
    expect((await call).text()).toBe("there");
    const codes: (string | undefined)[] = [];
    for (let n = 0; n < 40; n++) {
      const down = service.get("/down", { maxRetries: 0 }).safe();
      await clock.advance(1);
      const result = await down;
      if (!result.ok) codes.push((result.error as { code?: string }).code);
    }
    expect(codes.at(0)).toBe("response-status");
    expect(codes.at(-1)).toBe("unavailable-circuit-open");
  });

  test("an answer that is gzip is undone, and one that is cut amid it fails as cut", async () => {
    await using mock = mockTransport();
    const body = gzipSync(JSON.stringify({ id: 1 }));
    const headers = { "content-encoding": "gzip", "content-type": "application/json" };
    mock.on("GET", "/x").reply(200, body, { headers });
    mock.on("GET", "/cut").reply(200, body, { headers, cutAfterBytes: 5 });
    await using service = await startedPayments(at, { dispatcher: mock, retry: false });
    expect(await service.getJson("/x")).toEqual({ id: 1 });
    expect(await failureOf(service.getJson("/cut"), isServiceConnectionError)).toMatchObject({ fault: "reset" });
    expect(mock.history.map(({ outcome }) => outcome)).toEqual([
      { kind: "answer", status: 200 },
      { kind: "fault", fault: "cut" },
    ]);
  });

  test("a hundred calls at once are answered, each as its own", async () => {
    await using mock = mockTransport();
    mock
      .on("GET", "/n/{n}")
      .reply(200, ({ params }) => Number(params.n))
      .persist();
    await using service = await startedPayments(at, { dispatcher: mock });
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    expect(await Promise.all(numbers.map((n) => service.getJson(`/n/${n}`)))).toEqual(numbers);
  });

  test("pages, a cache and a download that is taken up where it broke", async () => {
    await using mock = mockTransport();
    mock.on("GET", "/list", { query: {} }).reply(200, [1, 2], { headers: { link: '</list?page=2>; rel="next"' } });
    mock.on("GET", "/list", { query: { page: 2 } }).reply(200, [3]);
    mock.on("GET", "/kept").reply(200, "kept", { headers: { "cache-control": "max-age=60" } });
    const whole = Buffer.from("0123456789");
    const headers = { etag: '"a"', "accept-ranges": "bytes" };
    mock.on("GET", "/file", { headers: { range: undefined } }).reply(200, whole, { headers, cutAfterBytes: 4 });
    mock
      .on("GET", "/file", { headers: { range: "bytes=4-", "if-range": '"a"' } })
      .reply(206, whole.subarray(4), { headers: { ...headers, "content-range": "bytes 4-9/10" } });
    await using service = await startedPayments(at, { dispatcher: mock, cache: true, random: () => 0 });
    expect(await service.paginate("/list").toArray()).toEqual([1, 2, 3]);
    expect([(await service.get("/kept")).text(), (await service.get("/kept")).text()]).toEqual(["kept", "kept"]);
    const pieces: Uint8Array[] = [];
    const to = new Writable({
      write(piece: Uint8Array, _encoding, done) {
        pieces.push(piece);
        done();
      },
    });
    await service.download("/file", { to });
    expect(Buffer.concat(pieces).toString()).toBe("0123456789");
  });

  test("a hedge goes out beside a call that hangs, and its answer is taken", async () => {
    await using mock = mockTransport();
    mock.on("GET", "/quick").reply(204).persist();
    mock.on("GET", "/slow").sequence([{ fail: "hang" }, { status: 200, body: "hedged" }]);
    await using service = await startedPayments(at, { dispatcher: mock, hedge: { minSamples: 10, ratio: 0.5 } });
    for (let call = 0; call < 20; call++) await service.get("/quick");
    expect((await service.get("/slow")).text()).toBe("hedged");
  });

  test("a call that is aborted while it is answered leaves nothing behind", async () => {
    await using mock = mockTransport();
    const started = Promise.withResolvers<void>();
    mock.on("GET", "/x").reply(200, () => {
      started.resolve();
      return new Promise<never>(() => undefined);
    });
    await using service = await startedPayments(at, { dispatcher: mock });
    const gone = new AbortController();
    const call = service.get("/x", { signal: gone.signal });
    await started.promise;
    gone.abort(new Error("mine"));
    await expect(call).rejects.toThrow("mine");
  });
});

describe("the history", () => {
  test("is asked for as an expectation is made, or says so", () => {
    const mock = mockTransport();
    expect(mock.calls()).toEqual([]);
    expect(() => mock.calls("get" as never)).toThrow("mockTransport calls(): the method must be in upper case");
    expect(() => mock.calls("GET", "/x?page=1")).toThrow("mockTransport calls(): path must have no query");
  });

  test("holds every attempt with its parsed body, and shows no secret where it is printed", async () => {
    await using mock = mockTransport();
    mock.on("POST", "/login").sequence([{ status: 503 }, { status: 200, body: {} }]);
    const auth = basic("ada", "pa55word");
    await using service = await startedPayments(at, { dispatcher: mock, auth, idempotency: true });
    const json = { user: "ada", password: "pa55word", code: 7 };
    await service.post("/login", { json, params: { token: "t0ken", page: 1 }, headers: { "x-session": "se55ion" } });
    expect(mock.calls("POST", "/login")).toHaveLength(2);
    const [, call] = mock.history;
    expect(call?.body).toEqual(json);
    expect(call?.headers["x-session"]).toBe("se55ion");
    expect(call?.outcome).toEqual({ kind: "answer", status: 200 });
    for (const printed of [inspect(mock.history, { depth: 9 }), JSON.stringify(mock.history)]) {
      for (const secret of ["pa55word", "t0ken", "se55ion", Buffer.from("ada:pa55word").toString("base64")]) {
        expect(printed).not.toContain(secret);
      }
      expect(printed).toMatch(/code.*7/);
    }
  });

  test("has forms as objects, bytes as bytes, and nothing for no body", async () => {
    await using mock = mockTransport();
    mock.on("POST", "/x").reply(204).persist();
    await using service = await startedPayments(at, { dispatcher: mock });
    await service.post("/x", { form: { a: 1, b: ["c", "d"] } });
    await service.post("/x", { bytes: new Uint8Array([1, 2]) });
    await service.post("/x");
    const bodies = mock.history.map(({ body }) => body);
    expect(bodies).toEqual([{ a: "1", b: ["c", "d"] }, new Uint8Array([1, 2]), undefined]);
  });
});
