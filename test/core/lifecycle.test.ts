import { describe, expect, test } from "vitest";
import { isServiceUnavailableError } from "../../src/core/errors.ts";
import { Lifecycle } from "../../src/core/lifecycle.ts";
import { settled } from "../support/virtual-clock.ts";

function setUp() {
  const phases: string[] = [];
  const lifecycle = new Lifecycle("payments", (phase) => phases.push(phase));
  const opening = Promise.withResolvers<void>();
  const shutting = Promise.withResolvers<void>();
  const counted = { opened: 0, shut: 0 };
  const open = async (): Promise<void> => {
    counted.opened++;
    await opening.promise;
  };
  const shut = async (): Promise<void> => {
    counted.shut++;
    await shutting.promise;
  };
  return { lifecycle, phases, opening, shutting, counted, open, shut };
}

const done = async (): Promise<void> => undefined;
const reasonOf = async (work: Promise<void>): Promise<unknown> => work.catch((error: unknown) => error);

describe("a start", () => {
  test("moves from idle over starting to ready", async () => {
    const { lifecycle, phases } = setUp();
    expect(lifecycle.phase).toBe("idle");
    await lifecycle.start(done);
    expect([lifecycle.phase, phases]).toEqual(["ready", ["starting", "ready"]]);
  });

  test("sees the state starting when it runs", async () => {
    const { lifecycle } = setUp();
    let seen = "";
    await lifecycle.start(async () => {
      seen = lifecycle.phase;
    });
    expect(seen).toBe("starting");
  });

  test("asked for by many at once is made once, and all of them wait for it", async () => {
    const { lifecycle, opening, counted, open } = setUp();
    const starts = [lifecycle.start(open), lifecycle.start(open), lifecycle.start(open)];
    let ended = 0;
    for (const start of starts) void start.then(() => ended++);
    await settled();
    expect(ended).toBe(0);
    opening.resolve();
    await Promise.all(starts);
    await lifecycle.start(open);
    expect(counted.opened).toBe(1);
  });

  test("that fails fails for all that wait for it, leads back to idle, and may be tried again", async () => {
    const { lifecycle, phases, opening, open } = setUp();
    const failed = new Error("no route");
    const starts = [lifecycle.start(open), lifecycle.start(open)].map(reasonOf);
    opening.reject(failed);
    expect(await Promise.all(starts)).toEqual([failed, failed]);
    expect(lifecycle.phase).toBe("idle");
    await lifecycle.start(done);
    expect(phases).toEqual(["starting", "idle", "starting", "ready"]);
  });

  test.each(["draining", "stopped"] as const)("while %s is refused: a closed service stays closed", async (phase) => {
    const { lifecycle, counted, open, shut, shutting } = setUp();
    await lifecycle.start(done);
    const stopping = lifecycle.stop(shut);
    if (phase === "stopped") {
      shutting.resolve();
      await stopping;
    }
    expect(await reasonOf(lifecycle.start(open))).toMatchObject({ code: `unavailable-${phase}`, operation: "connect" });
    expect(counted.opened).toBe(0);
    shutting.resolve();
    await stopping;
  });
});

describe("a stop", () => {
  test("moves from ready over draining to stopped", async () => {
    const { lifecycle, phases } = setUp();
    await lifecycle.start(done);
    await lifecycle.stop(done);
    expect(phases).toEqual(["starting", "ready", "draining", "stopped"]);
  });

  test("asked for by many at once is made once, and all of them wait for it", async () => {
    const { lifecycle, shutting, counted, shut } = setUp();
    await lifecycle.start(done);
    const stops = [lifecycle.stop(shut), lifecycle.stop(shut)];
    let ended = 0;
    for (const stop of stops) void stop.then(() => ended++);
    await settled();
    expect([ended, lifecycle.phase]).toEqual([0, "draining"]);
    shutting.resolve();
    await Promise.all(stops);
    await lifecycle.stop(shut);
    expect([counted.shut, lifecycle.phase]).toEqual([1, "stopped"]);
  });

  test("of what was never started has nothing to shut", async () => {
    const { lifecycle, phases, counted, shut } = setUp();
    await lifecycle.stop(shut);
    expect([counted.shut, phases]).toEqual([0, ["stopped"]]);
  });

  test("that throws has stopped all the same", async () => {
    const { lifecycle } = setUp();
    await lifecycle.start(done);
    const failed = new Error("socket stuck");
    expect(await reasonOf(lifecycle.stop(async () => Promise.reject(failed)))).toBe(failed);
    expect(lifecycle.phase).toBe("stopped");
  });

  test("sees the state draining when it runs", async () => {
    const { lifecycle } = setUp();
    await lifecycle.start(done);
    let seen = "";
    await lifecycle.stop(async () => {
      seen = lifecycle.phase;
    });
    expect(seen).toBe("draining");
  });
});

describe("a stop while it starts", () => {
  test("aborts the start with the reason, waits for its end, and then shuts", async () => {
    const { lifecycle, phases } = setUp();
    const log: string[] = [];
    const start = reasonOf(
      lifecycle.start(async (signal) => {
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        log.push("start ended");
        signal.throwIfAborted();
      }),
    );
    await settled();
    await lifecycle.stop(async () => void log.push("shut"));
    expect(await start).toMatchObject({ code: "unavailable-draining", outcome: "not-sent" });
    expect([log, phases]).toEqual([
      ["start ended", "shut"],
      ["starting", "draining", "stopped"],
    ]);
  });

  test("gives up a start that succeeds in spite of the abort", async () => {
    const { lifecycle, phases, opening, open } = setUp();
    const start = reasonOf(lifecycle.start(open));
    const stop = lifecycle.stop(done);
    await settled();
    opening.resolve();
    await stop;
    expect(isServiceUnavailableError(await start)).toBe(true);
    expect(phases).toEqual(["starting", "draining", "stopped"]);
  });

  test("gives up a start that succeeds in the very same turn: it is never ready while it drains", async () => {
    const { lifecycle, phases, opening } = setUp();
    const start = reasonOf(lifecycle.start(() => opening.promise));
    await settled();
    opening.resolve();
    await lifecycle.stop(done);
    expect(isServiceUnavailableError(await start)).toBe(true);
    expect(phases).toEqual(["starting", "draining", "stopped"]);
  });

  test("stops too where the start fails", async () => {
    const { lifecycle, phases, opening, open } = setUp();
    const start = reasonOf(lifecycle.start(open));
    const stop = lifecycle.stop(done);
    opening.reject(new Error("no route"));
    await stop;
    expect(await start).toEqual(new Error("no route"));
    expect(phases).toEqual(["starting", "draining", "stopped"]);
  });
});

describe("a refusal says what to do", () => {
  test.each<[string, (lifecycle: Lifecycle) => Promise<void>, object, string]>([
    ["idle", done, { code: "unavailable-not-started", phase: "start", retryable: true }, "await its connect()"],
    [
      "starting",
      async (lifecycle) => void lifecycle.start(async () => new Promise(() => undefined)),
      { code: "unavailable-not-started", phase: "start", retryable: true },
      "await the promise of its connect()",
    ],
    [
      "draining",
      async (lifecycle) => {
        await lifecycle.start(done);
        void lifecycle.stop(async () => new Promise(() => undefined));
      },
      { code: "unavailable-draining", phase: "close", retryable: false },
      "make no calls after close()",
    ],
    [
      "stopped",
      async (lifecycle) => lifecycle.stop(done),
      { code: "unavailable-stopped", phase: "close", retryable: false },
      "construct a new one",
    ],
  ])("while %s", async (phase, into, fields, advice) => {
    const { lifecycle } = setUp();
    await into(lifecycle);
    expect(lifecycle.phase).toBe(phase);
    const refusal = lifecycle.refusal("POST /payments");
    expect(refusal).toMatchObject({ ...fields, service: "payments", operation: "POST /payments", outcome: "not-sent" });
    expect(refusal.message).toContain(advice);
  });
});
