import { describe, expect, test } from "vitest";
import { Chaos, type ChaosLimits, readChaos } from "../../src/resilience/chaos.ts";
import { reading } from "../support/options.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { errorOf, hangs, reasonOf, Scene, seeded, succeeds } from "./calls.ts";

const none: ChaosLimits = { latencyRate: 0, latencyMs: 1_000, refuseRate: 0, resetRate: 0 };
const once = { retry: { maxRetries: 0, baseDelayMs: 1, maxDelayMs: 1 } };

function struck(limits: Partial<ChaosLimits>, random: () => number = () => 0): Scene {
  const clock = new VirtualClock();
  return new Scene([], { chaos: new Chaos("payments", clock, random, { ...none, ...limits }) }, clock);
}

test("without rates nothing is struck", async () => {
  const scene = struck({});
  expect(await scene.call([succeeds])).toMatchObject({ value: "done", elapsedMs: 0 });
  expect(scene.started).toEqual([1]);
});

test("a refused attempt is told like a connection that could not be made: nothing was sent", async () => {
  const scene = struck({ refuseRate: 1 });
  const error = await errorOf(scene.call([succeeds], once));
  expect(error).toMatchObject({ code: "connection-connect", phase: "connect", outcome: "not-sent", retryable: true });
  expect(error.attempts).toMatchObject([{ code: "connection-connect", phase: "connect", outcome: "not-sent" }]);
  expect(error.message).toContain("chaos: a fault that was injected here");
  expect(error).toMatchObject({ service: "payments", operation: "POST /payments" });
  expect(scene.started).toEqual([]);
});

test("a reset attempt is told like a connection that broke after sending: the outcome is unknown", async () => {
  const scene = struck({ resetRate: 1 });
  const unsafe = { isRepeatable: false, isRepeatableLater: false };
  const error = await errorOf(scene.call([succeeds], { ...once, ...unsafe }));
  expect(error).toMatchObject({ code: "connection-reset", phase: "headers", outcome: "unknown", retryable: false });
  expect(error.attempts).toMatchObject([{ code: "connection-reset", phase: "headers", outcome: "unknown" }]);
});

test("it counts as a fault of the service, and is retried like one", async () => {
  let draws = 0;
  const scene = struck({ refuseRate: 0.5 }, () => (draws++ < 2 ? 0 : 0.9));
  const call = scene.call([succeeds]);
  await scene.clock.advance(1_000);
  expect(await call).toMatchObject({ attempts: [{ code: "connection-connect" }, { outcome: "accepted" }] });
});

test("the rates are parts of all attempts, and do not overlap", async () => {
  const scene = struck({ refuseRate: 0.2, resetRate: 0.3 }, seeded(3));
  const codes = new Map<string, number>();
  for (let i = 0; i < 2_000; i++) {
    const code = await scene.call([succeeds], once).then(
      () => "none",
      (error: { code: string }) => error.code,
    );
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  expect(Math.abs((codes.get("connection-connect") ?? 0) - 400)).toBeLessThan(60);
  expect(Math.abs((codes.get("connection-reset") ?? 0) - 600)).toBeLessThan(60);
});

test.each([
  [0.2, undefined],
  [0.199, "connection-connect"],
])("a draw of %s at a rate of 0.2 gives %s", async (draw, code) => {
  const scene = struck({ refuseRate: 0.2 }, () => draw);
  const ended = await scene.call([succeeds], once).catch((error: unknown) => error);
  expect((ended as { code?: string }).code).toBe(code);
});

describe("an attempt that is held up", () => {
  test("goes on after that long, and its record counts it", async () => {
    const scene = struck({ latencyRate: 1, latencyMs: 300 });
    const call = scene.call([succeeds]);
    await scene.clock.advance(299);
    expect(scene.started).toEqual([]);
    await scene.clock.advance(1);
    expect((await call).attempts).toMatchObject([{ durationMs: 300 }]);
    await scene.pipeline.drain(0);
    expect(scene.clock.timers).toBe(0);
  });

  test("may be refused or reset after that as well", async () => {
    const scene = struck({ latencyRate: 1, latencyMs: 300, refuseRate: 1 });
    const call = scene.call([succeeds], once);
    await scene.clock.advance(300);
    expect(await errorOf(call)).toMatchObject({ code: "connection-connect", elapsedMs: 300 });
  });

  test("is not held up where the draw is not below the rate", async () => {
    const scene = struck({ latencyRate: 0.5 }, () => 0.5);
    expect(await scene.call([succeeds])).toMatchObject({ elapsedMs: 0 });
  });

  test("ends at once when its caller aborts, and is never made", async () => {
    const scene = struck({ latencyRate: 1 });
    const controller = new AbortController();
    const call = scene.call([succeeds], { signals: [controller.signal] });
    await scene.clock.advance(10);
    controller.abort("left");
    expect(await reasonOf(call)).toBe("left");
    await scene.pipeline.drain(0);
    expect([scene.clock.timers, scene.started]).toEqual([0, []]);
  });

  test("ends at its limits, with nothing sent", async () => {
    const scene = struck({ latencyRate: 1, latencyMs: 60_000 });
    const call = scene.call([succeeds], { attemptTimeoutMs: 200, ...once });
    await scene.clock.advance(200);
    expect(await errorOf(call)).toMatchObject({
      service: "payments",
      operation: "POST /payments",
      limit: "attempt",
      outcome: "not-sent",
      phase: "queue",
    });
  });

  test("does not swallow a limit that passes before the attempt says how to end it", async () => {
    const scene = struck({ latencyRate: 1, latencyMs: 100 });
    const ready = Promise.withResolvers<void>();
    const call = scene.call(
      [
        async (attempt) => {
          await ready.promise;
          return hangs()(attempt);
        },
      ],
      { attemptTimeoutMs: 200, ...once },
    );
    await scene.clock.advance(250);
    ready.resolve();
    await settled();
    expect(await errorOf(call)).toMatchObject({ limit: "attempt" });
  });
});

describe("the option chaos", () => {
  const { read, problemsOf } = reading("chaos", readChaos);

  test("it is off unless asked for", () => {
    expect([read(), read(false)]).toEqual([undefined, undefined]);
    expect(read({})).toEqual(none);
    const given = { latencyRate: 1, latencyMs: 1, refuseRate: 0.4, resetRate: 0.6 };
    expect(read(given)).toEqual(given);
  });

  test("bad values are told by their full names, all at once", () => {
    expect(problemsOf({ latencyRate: 2, latencyMs: 0, refuseRate: -1, resetRate: "x", rate: 1 })).toEqual([
      "chaos.latencyRate must be a number from 0 to 1, not 2",
      "chaos.latencyMs must be a number of at least 1, not 0",
      "chaos.refuseRate must be a number from 0 to 1, not -1",
      "chaos.resetRate must be a number from 0 to 1, not a string",
      expect.stringContaining("unknown option chaos.rate"),
    ]);
    expect(problemsOf({ refuseRate: 0.5, resetRate: 0.6 })).toEqual([
      "chaos.refuseRate and chaos.resetRate must not be above 1 together",
    ]);
    expect(problemsOf(true)).toHaveLength(1);
  });
});
