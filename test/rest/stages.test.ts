import { describe, expect, test } from "vitest";
import {
  isServiceConfigurationError,
  isServiceRateLimitError,
  isServiceResponseError,
  isServiceTimeoutError,
  isServiceUnavailableError,
} from "../../src/core/errors.ts";
import { answerJson, answerNothing, answerStatuses, httpServer } from "../support/http-server.ts";
import { anyFailureOf, failureOf, payments, startedPayments } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

describe("the concurrency limit", () => {
  test("a thousand calls at once on a fresh service all succeed, over no more connections than allowed", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server, { maxConnections: 8 });
    const answers = await Promise.all(times(1_000, (index) => service.get(`/${index}`)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(server.mostOpenConnections).toBeLessThanOrEqual(8);
  });

  test("a call that waits longer than its queue limit was not sent, and leaves the line", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerNothing);
    const service = await startedPayments(server, { clock, concurrency: { limit: 1, queueTimeoutMs: 500 } });
    const first = failureOf(service.post("/first"), isServiceTimeoutError);
    await server.request(1);
    const second = failureOf(service.post("/second"), isServiceTimeoutError);
    await clock.advance(500);
    expect(await second).toMatchObject({ code: "timeout-queue", limitMs: 500, outcome: "not-sent", retryable: true });
    await clock.advance(10_000);
    await first;
    await service.close();
    expect(server.requests.map(({ url }) => url)).toEqual(["/first"]);
  });

  test("a full queue refuses at once, and says so", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerNothing);
    const service = await startedPayments(server, { clock, concurrency: { limit: 1, maxQueued: 0 } });
    const first = failureOf(service.post("/first"), isServiceTimeoutError);
    await server.request(1);
    const refused = await failureOf(service.post("/second"), isServiceUnavailableError);
    expect(refused).toMatchObject({ reason: "queue-full", outcome: "not-sent", attempts: [], notRetried: "refused" });
    await clock.advance(10_000);
    await first;
    await service.close();
  });
});

describe("the circuit breaker", () => {
  test("opens on a service that fails, answers for it, and closes when a probe succeeds", async () => {
    const clock = new VirtualClock();
    let status = 500;
    await using server = await httpServer((_request, response) => {
      response.statusCode = status;
      response.end();
    });
    const circuitBreaker = { maxWaitMs: 0 };
    await using service = await startedPayments(server, { clock, retry: false, circuitBreaker });
    for (const index of times(10, (i) => i)) await failureOf(service.get(`/${index}`), isServiceResponseError);

    const refused = await failureOf(service.get("/refused"), isServiceUnavailableError);
    expect(refused).toMatchObject({ code: "unavailable-circuit-open", outcome: "not-sent", retryable: true });
    expect(refused.retryAt?.getTime()).toBe(clock.wallNow() + 375);
    expect(await service.checkHealth()).toMatchObject({ status: "fail", details: { circuit: "open" } });
    expect(server.requests).toHaveLength(10);

    status = 200;
    clock.jump(375);
    expect((await service.get("/probe")).status).toBe(200);
    expect((await service.get("/after")).status).toBe(200);
    expect(String(service.describe())).toMatch(/circuit breaker.*?now: closed/s);
  });

  test("a call that comes shortly before the probe waits for it", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerStatuses(...times(10, () => 500), 200));
    await using service = await startedPayments(server, { clock, retry: false });
    for (const index of times(10, (i) => i)) await failureOf(service.get(`/${index}`), isServiceResponseError);
    const waiting = [service.get("/probe"), service.get("/after")];
    await clock.advance(374);
    expect(server.requests).toHaveLength(10);
    await clock.advance(1);
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
    expect(server.requests.map(({ url }) => url).slice(10)).toEqual(["/probe", "/after"]);
  });

  test("does not open on what the service refuses in good health", async () => {
    await using server = await httpServer(answerStatuses(404));
    await using service = await startedPayments(server);
    for (const index of times(30, (i) => i)) await failureOf(service.get(`/${index}`), isServiceResponseError);
    expect(server.requests).toHaveLength(30);
  });
});

describe("the rate gate", () => {
  test("after a 429 with a hint nobody is sent before it has passed, whoever asks", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer((_request, response, number) => {
      if (number === 1) response.writeHead(429, { "retry-after": "2" });
      response.end();
    });
    await using service = await startedPayments(server, { clock });
    const first = service.post("/first");
    await server.request(1);
    // The answer is read by real sockets: until then the gate knows nothing of it.
    await expect.poll(() => String(service.describe())).toContain("paused for another 2000 ms");
    const second = service.post("/second");
    await clock.advance(1_999);
    expect(server.requests).toHaveLength(1);
    await clock.advance(1);
    expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([200, 200]);
  });

  test("a call that could not start before its deadline is refused now, and says when it could", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer();
    await using service = await startedPayments(server, { clock, rateLimit: { limit: 1, perMs: 60_000 } });
    await service.get("/first");
    const refused = await failureOf(service.get("/second"), isServiceRateLimitError);
    expect(refused).toMatchObject({ status: undefined, outcome: "not-sent", retryable: true });
    expect(refused.retryAt?.getTime()).toBe(clock.wallNow() + 60_000);
    expect(refused.message).toContain("our own rate gate is shut");
  });
});

describe("coalescing", () => {
  test("identical safe calls that are under way together are one request, and each has its own answer", async () => {
    const released = Promise.withResolvers<void>();
    await using server = await httpServer((request, response) => {
      void released.promise.then(() => answerJson({ url: request.url })(request, response, 1));
    });
    await using service = await startedPayments(server, { coalesce: true });
    const calls = [
      ...times(10, () => service.getJson("/same", { params: { a: 1 } })),
      service.getJson("/same", { params: { a: 2 } }),
      service.getJson("/same", { params: { a: 1 }, headers: { "accept-language": "fr" } }),
      service.postJson("/same?a=1"),
    ];
    await server.request(4);
    released.resolve();
    expect(await Promise.all(calls)).toEqual([
      ...times(10, () => ({ url: "/same?a=1" })),
      { url: "/same?a=2" },
      { url: "/same?a=1" },
      { url: "/same?a=1" },
    ]);
    expect(server.requests).toHaveLength(4);
  });

  test("a caller that gives up does not take the answer from the others", async () => {
    const released = Promise.withResolvers<void>();
    await using server = await httpServer((request, response) => {
      void released.promise.then(() => answerJson({})(request, response, 1));
    });
    await using service = await startedPayments(server, { coalesce: true });
    const leaving = new AbortController();
    const leader = service.get("/same", { signal: leaving.signal }).catch((error: unknown) => error);
    await server.request(1);
    const follower = service.get("/same");
    leaving.abort("gone");
    expect(await leader).toBe("gone");
    released.resolve();
    expect((await follower).status).toBe(200);
  });
});

describe("a hedge", () => {
  test("is made beside a slow safe call, and its answer is taken", async () => {
    let isSlow = false;
    await using server = await httpServer((request, response, number) => {
      if (!isSlow || number > 101) answerJson({})(request, response, number);
    });
    await using service = await startedPayments(server, { hedge: true });
    for (const index of times(100, (i) => i)) await service.get(`/${index}`);
    isSlow = true;
    const { attempts } = await service.get("/slow");
    expect(attempts).toMatchObject([
      { number: 2, reason: "hedge", outcome: "accepted" },
      { number: 1, outcome: "unknown" },
    ]);
    expect(server.requests).toHaveLength(102);
  });
});

describe("the budget of retries", () => {
  test("ends retries in an outage with the tenth failure", async () => {
    await using server = await httpServer(answerStatuses(500));
    await using service = await startedPayments(server, { circuitBreaker: false });
    const errors = [];
    for (const index of times(8, (i) => i))
      errors.push(await failureOf(service.get(`/${index}`), isServiceResponseError));
    expect(errors.map(({ notRetried }) => notRetried)).toEqual(["spent", "spent", ...times(6, () => "budget")]);
    expect(server.requests).toHaveLength(15);
  });
});

describe("chaos", () => {
  test("what it injects is retried like the real thing, and told as injected", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server, { chaos: { resetRate: 1 }, random: () => 0.5 });
    const error = await anyFailureOf(service.get("/x"));
    expect(error).toMatchObject({ code: "connection-reset", attempts: [{}, {}, {}, {}] });
    expect(String(error)).toContain("chaos");
    expect(server.requests).toHaveLength(0);
  });
});

describe("the deadline header", () => {
  test("tells each attempt how much of the call is left", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerStatuses(503, 200));
    await using service = await startedPayments(server, {
      clock,
      deadlineMs: 8_000,
      deadlineHeader: "X-Deadline-Ms",
      random: () => 0.5,
    });
    const call = service.get("/x");
    await server.request(1);
    await expect.poll(() => clock.timers).toBe(2);
    await clock.advance(25);
    await call;
    expect(server.requests.map(({ headers }) => headers["x-deadline-ms"])).toEqual(["8000", "7975"]);
  });

  test("a name that is no header is an error at construction", () => {
    const make = (): unknown => payments({ url: "http://127.0.0.1:1" }, { deadlineHeader: "x deadline" });
    expect(make).toThrow("deadlineHeader must be the name of a header");
    expect(make).toThrow(expect.toSatisfy(isServiceConfigurationError));
  });
});
