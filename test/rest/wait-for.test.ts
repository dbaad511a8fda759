import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { withDeadline } from "../../src/core/deadline.ts";
import {
  isServiceConfigurationError,
  isServiceDecodeError,
  isServiceResponseError,
  isServiceUnavailableError,
  isServiceWaitError,
} from "../../src/core/errors.ts";
import type { Caller } from "../../src/rest/caller.ts";
import { waitForPoll, type WaitOptions } from "../../src/rest/wait-for.ts";
import { answerStatuses, type Answering, httpServer, refusingUrl } from "../support/http-server.ts";
import { failureOf, reasonOf, startedPayments } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** A wait on the virtual clock, on a function that answers 1, 2, 3 and so on. */
function waiting(
  options: Partial<WaitOptions<number>>,
  parts: { readonly random?: () => number; readonly closing?: AbortSignal } = {},
): { clock: VirtualClock; asked: number[]; wait: Promise<number> } {
  const clock = new VirtualClock();
  const asked: number[] = [];
  const { random = () => 0, closing = new AbortController().signal } = parts;
  const caller = { service: "jobs", clock, random, closing } as unknown as Caller;
  const poll = async (): Promise<number> => asked.push(clock.now());
  const wait = waitForPoll(caller, poll, { until: (): boolean => false, ...options });
  wait.catch(() => undefined);
  return { clock, asked, wait };
}

describe("the rhythm", () => {
  test("is at once, then in intervals that grow up to their limit", async () => {
    const { clock, asked, wait } = waiting({ until: ({ polls }) => polls === 8, maxIntervalMs: 4_000 });
    await clock.advance(60_000);
    expect(await wait).toBe(8);
    expect(asked).toEqual([0, 1_000, 2_500, 4_750, 8_125, 12_125, 16_125, 20_125]);
    expect(clock.timers).toBe(0);
  });

  test("is shortened by chance, by less than a half", async () => {
    const { clock, asked } = waiting({ until: ({ polls }) => polls === 3 }, { random: () => 0.999 });
    await clock.advance(60_000);
    expect(asked.map(Math.round)).toEqual([0, 500, 1_251]);
  });

  test("is steady with a factor of 1", async () => {
    const { clock, asked } = waiting({ until: ({ polls }) => polls === 4, intervalMs: 100, backoffFactor: 1 });
    await clock.advance(60_000);
    expect(asked).toEqual([0, 100, 200, 300]);
  });

  test("leaves time for one more poll before the end, and then gives up at once", async () => {
    const { clock, asked, wait } = waiting({ intervalMs: 400, maxIntervalMs: 400, maxWaitMs: 1_000 });
    await clock.advance(60_000);
    expect(asked).toEqual([0, 400, 800, 900]);
    const error = await failureOf(wait, isServiceWaitError);
    expect(error).toMatchObject({ code: "wait-timeout", reason: "timeout", polls: 4, last: 4, retryable: true });
    expect(error.message).toContain("what is waited for did not come about within 1000 ms");
  });
});

describe("the end", () => {
  test("never comes by a condition that threw: what it threw is thrown", async () => {
    const defect = new TypeError("a defect");
    const { wait } = waiting({
      until: (): boolean => {
        throw defect;
      },
    });
    expect(await reasonOf(wait)).toBe(defect);
  });

  test("comes at once where an answer says that it never will come about, with that answer", async () => {
    const { clock, wait } = waiting({ failed: ({ value }) => value === 2 });
    await clock.advance(60_000);
    const error = await failureOf(wait, isServiceWaitError);
    expect(error).toMatchObject({ code: "wait-failed", reason: "failed", polls: 2, last: 2, retryable: false });
    expect(JSON.stringify(error)).not.toContain('"last"');
  });

  test("comes with the signal, with its own reason, and leaves no timer", async () => {
    const controller = new AbortController();
    const { clock, wait } = waiting({ signal: controller.signal });
    await clock.advance(100);
    controller.abort("enough");
    expect(await reasonOf(wait)).toBe("enough");
    expect(clock.timers).toBe(0);
  });

  test("comes when the service is closed", async () => {
    const closing = new AbortController();
    const { clock, wait } = waiting({}, { closing: closing.signal });
    await clock.advance(100);
    closing.abort("closed");
    expect(await reasonOf(wait)).toBe("closed");
  });

  test("comes by an inherited deadline where that is earlier", async () => {
    const clock = new VirtualClock();
    const { signal: closing } = new AbortController();
    const caller = { service: "jobs", clock, random: () => 0, closing } as unknown as Caller;
    const wait = withDeadline({ deadlineMs: 500, clock }, () =>
      waitForPoll(caller, async () => 1, { until: (): boolean => false }),
    );
    wait.catch(() => undefined);
    await clock.advance(1_000);
    expect((await failureOf(wait, isServiceWaitError)).message).toContain("within 500 ms");
  });

  test.each([
    ["no condition", {}, "until is required"],
    ["a negative limit", { until: (): boolean => true, maxWaitMs: -1 }, "maxWaitMs must be a number of at least 1"],
    [
      "intervals that shrink",
      { until: (): boolean => true, backoffFactor: 0.5 },
      "backoffFactor must be a number of at least 1",
    ],
    [
      "a limit below the interval",
      { until: (): boolean => true, intervalMs: 50, maxIntervalMs: 5 },
      "maxIntervalMs must be",
    ],
    ["a misspelt option", { until: (): boolean => true, intervallMs: 5 }, "did you mean intervalMs?"],
  ])("is told before any I/O for %s", async (_kind, options, problem) => {
    const { clock } = waiting({});
    const caller = { service: "jobs", clock, random: () => 0 } as unknown as Caller;
    const wait = waitForPoll(caller, async () => 1, options as WaitOptions<number>);
    expect((await failureOf(wait, isServiceConfigurationError)).message).toContain(problem);
  });
});

describe("a service", () => {
  const Job = z.object({ state: z.enum(["running", "done", "failed"]) });
  const states =
    (...list: readonly string[]): Answering =>
    (_request, response, number) =>
      void response.end(JSON.stringify({ state: list[Math.min(number, list.length) - 1] }));
  const quick = { intervalMs: 1, maxWaitMs: 5_000 };

  test("is asked by GET until the answer is as wanted, with the type of the schema", async () => {
    await using server = await httpServer(states("running", "running", "done"));
    await using service = await startedPayments(server);
    const job = await service.waitFor("/jobs/{id}", {
      path: { id: 7 },
      schema: Job,
      until: ({ value, response, polls }) => value.state === "done" && response?.status === 200 && polls === 3,
      ...quick,
    });
    expectTypeOf(job).toEqualTypeOf<z.infer<typeof Job>>();
    expect(job).toEqual({ state: "done" });
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(Array(3).fill("GET /jobs/7"));
  });

  test("is asked by a function of the caller's, whose calls end with the wait", async () => {
    await using server = await httpServer((request, response, number) => {
      if (number === 1) states("running")(request, response, number);
    });
    await using service = await startedPayments(server);
    const wait = service.waitFor(() => service.getJson("/job", { schema: Job }), {
      until: ({ value, response }) => value.state === "done" && response?.status === 200,
      intervalMs: 1,
      maxWaitMs: 3_000,
    });
    const error = await failureOf(wait, isServiceWaitError);
    expect(error).toMatchObject({ code: "wait-timeout", last: { state: "running" } });
    expect(error.polls).toBeGreaterThan(1);
  });

  test("that says when to come back is not asked before", async () => {
    await using server = await httpServer((_request, response) => {
      response.writeHead(202, { "retry-after": "60" }).end("{}");
    });
    await using service = await startedPayments(server);
    const wait = service.waitFor("/job", { until: (): boolean => false, ...quick });
    const error = await failureOf(wait, isServiceWaitError);
    expect(error.polls).toBe(1);
    expect(error.retryAt?.getTime()).toBeGreaterThan(Date.now() + 50_000);
  });

  test("that fails in passing is asked again; what it says for good is thrown", async () => {
    await using server = await httpServer(answerStatuses(503, 503, 404));
    await using service = await startedPayments(server, { retry: false });
    const wait = service.waitFor("/job", { until: (): boolean => false, ...quick });
    expect(await failureOf(wait, isServiceResponseError)).toMatchObject({ status: 404 });
    expect(server.requests).toHaveLength(3);
  });

  test("that does not know it yet is asked again, where the caller says so", async () => {
    await using server = await httpServer((_request, response, number) => {
      response.writeHead(number < 3 ? 404 : 200).end("{}");
    });
    await using service = await startedPayments(server);
    await service.waitFor("/job", {
      until: (): boolean => true,
      shouldContinue: ({ error, polls }) => isServiceResponseError(error) && error.status === 404 && polls < 5,
      ...quick,
    });
    expect(server.requests).toHaveLength(3);
  });

  test("that is never there is the cause of what the wait ends with", async () => {
    await using service = await startedPayments({ url: await refusingUrl() }, { retry: false });
    const wait = service.waitFor("/job", { until: (): boolean => true, intervalMs: 300, maxWaitMs: 1_500 });
    const error = await failureOf(wait, isServiceWaitError);
    expect(error).toMatchObject({ code: "wait-timeout", outcome: "not-sent", last: undefined });
    expect(error.cause).toMatchObject({ code: "connection-connect" });
  });

  test("that is closed ends the wait at once", async () => {
    await using server = await httpServer(states("running"));
    const service = await startedPayments(server);
    const wait = reasonOf(service.waitFor("/job", { until: (): boolean => false, intervalMs: 60_000 }));
    await server.request(1);
    await service.close();
    expect(isServiceUnavailableError(await wait)).toBe(true);
  });

  test("whose answer is not what was asked for is not asked again", async () => {
    await using server = await httpServer(states("lost"));
    await using service = await startedPayments(server);
    await failureOf(
      service.waitFor("/job", { schema: Job, until: (): boolean => true, ...quick }),
      isServiceDecodeError,
    );
    const wrong = service.waitFor("/job", { schema: {} as never, until: (): boolean => true });
    await failureOf(wrong, isServiceConfigurationError);
    expect(server.requests).toHaveLength(1);
  });
});
