import { expect, test } from "vitest";
import { type Exchange, ModelledService } from "../../src/lab/modelled-service.ts";
import type { Fault, ModelledService as Model, Scenario } from "../../src/lab/scenario.ts";
import { VirtualClock } from "../../src/core/virtual-clock.ts";

// Times that are nearly the same for every request: log-normal without spread.
const steady: Model = {
  origins: 1,
  routing: "bound",
  workers: 1,
  discipline: "fifo",
  serviceTime: { kind: "log-normal", meanMs: 100, sigma: 0 },
  maxQueued: "unbounded",
  abandonedWork: "served",
};

class Scene {
  readonly clock: VirtualClock = new VirtualClock();
  readonly service: ModelledService;
  readonly replies: string[] = [];

  constructor(service: Partial<Model> = {}, faults: readonly Fault[] = []) {
    const scenario: Scenario = {
      id: "test",
      title: "",
      why: "",
      service: { ...steady, ...service },
      load: 0.5,
      processes: 1,
      attemptTimeoutMs: 1_000,
      deadlineMs: 5_000,
      warmUpMs: 0,
      faultMs: 10_000,
      afterMs: 0,
      faults,
    };
    this.service = new ModelledService(this.clock, scenario, 1);
  }

  /** Sends a request at this moment and notes its reply, with the moment at which it came. */
  sendAt(moment: number, name: string, origin = 0): { cancelAt(at: number): void; workMs(): number } {
    let exchange: Exchange | undefined;
    this.clock.at(moment, () => {
      exchange = this.service.send(origin, (reply) => {
        const what = reply.kind === "answer" ? String(reply.status) : reply.kind;
        const hint = reply.kind === "answer" && reply.retryAfterSeconds ? ` after ${reply.retryAfterSeconds} s` : "";
        this.replies.push(`${name}: ${what}${hint} at ${Math.round(this.clock.now())}`);
      });
    });
    return {
      cancelAt: (at) => void this.clock.at(at, () => exchange?.cancel()),
      workMs: () => Math.round(exchange?.work.doneMs ?? 0),
    };
  }

  async run(): Promise<readonly string[]> {
    await this.clock.run(20_000);
    return this.replies;
  }
}

test("one worker serves one request after the other, and the network takes 1 ms each way", async () => {
  const scene = new Scene();
  scene.sendAt(0, "a");
  scene.sendAt(10, "b");
  expect(await scene.run()).toEqual(["a: 200 at 102", "b: 200 at 202"]);
});

test("under processor sharing, two requests of one worker take twice as long", async () => {
  const scene = new Scene({ discipline: "shared" });
  scene.sendAt(0, "a");
  scene.sendAt(0, "b");
  expect(await scene.run()).toEqual(["a: 200 at 202", "b: 200 at 202"]);
});

test.each(["fifo", "shared"] as const)("a change of speed applies to the rest of the work (%s)", async (discipline) => {
  const scene = new Scene({ discipline }, [{ kind: "speed", factor: 0.5, fromMs: 51, toMs: 10_000 }]);
  scene.sendAt(0, "a");
  expect(await scene.run()).toEqual(["a: 200 at 152"]);
});

test("a request that finds the queue full is answered 503 at once", async () => {
  const scene = new Scene({ maxQueued: 1 });
  for (const name of ["a", "b", "c"]) scene.sendAt(0, name);
  expect(await scene.run()).toEqual(["c: 503 at 2", "a: 200 at 102", "b: 200 at 202"]);
});

test.each(["fifo", "shared"] as const)("abandoned work is done all the same, or dropped (%s)", async (discipline) => {
  const serves = new Scene({ discipline });
  const served = serves.sendAt(0, "a");
  served.cancelAt(20);
  expect(await serves.run()).toEqual([]);
  expect(served.workMs()).toBe(100);

  const drops = new Scene({ discipline, abandonedWork: "dropped" });
  const dropped = drops.sendAt(0, "a");
  dropped.cancelAt(20);
  drops.sendAt(30, "b");
  expect(await drops.run()).toEqual(["b: 200 at 132"]);
  expect(dropped.workMs()).toBe(20);
});

test("a waiting request that was dropped gives its place to the next", async () => {
  const scene = new Scene({ abandonedWork: "dropped", maxQueued: 1 });
  scene.sendAt(0, "a");
  scene.sendAt(1, "b").cancelAt(20);
  scene.sendAt(30, "c");
  expect(await scene.run()).toEqual(["a: 200 at 102", "c: 200 at 202"]);
});

test("a crash resets what is under way and waiting, refuses what comes, and ends", async () => {
  const scene = new Scene({}, [{ kind: "down", fromMs: 50, toMs: 500 }]);
  scene.sendAt(0, "running");
  scene.sendAt(0, "waiting");
  scene.sendAt(100, "new");
  scene.sendAt(600, "later");
  expect(await scene.run()).toEqual([
    "running: reset at 51",
    "waiting: reset at 51",
    "new: refused at 102",
    "later: 200 at 702",
  ]);
});

test("in silence, nothing is told of any request, and nothing is left to do afterwards", async () => {
  const scene = new Scene({}, [{ kind: "silent", fromMs: 50, toMs: 500 }]);
  scene.sendAt(0, "running");
  scene.sendAt(100, "new");
  scene.sendAt(600, "later");
  expect(await scene.run()).toEqual(["later: 200 at 702"]);
});

test("a share of errors costs the usual work; a share of stalls delays the answer without keeping the worker", async () => {
  const errors = new Scene({}, [{ kind: "errors", share: 1, status: 500, fromMs: 0, toMs: 10_000 }]);
  errors.sendAt(1, "a");
  expect(await errors.run()).toEqual(["a: 500 at 103"]);

  const stalls = new Scene({}, [{ kind: "stalls", share: 1, byMs: 1_000, fromMs: 0, toMs: 10_000 }]);
  stalls.sendAt(1, "a");
  stalls.sendAt(1, "b");
  expect(await stalls.run()).toEqual(["a: 200 at 1103", "b: 200 at 1203"]);
});

test("requests above the quota of a window are answered 429 with the seconds until the next", async () => {
  const scene = new Scene({ workers: 9, quota: { requests: 1, perMs: 2_000 } });
  scene.sendAt(100, "a");
  scene.sendAt(200, "b");
  scene.sendAt(1_500, "c");
  scene.sendAt(2_000, "d");
  expect(await scene.run()).toEqual([
    "a: 200 at 202",
    "b: 429 after 2 s at 202",
    "c: 429 after 1 s at 1502",
    "d: 200 at 2102",
  ]);
});

test("a fault of one origin leaves the others alone", async () => {
  const scene = new Scene({ origins: 2 }, [{ kind: "speed", factor: 0.1, origin: 0, fromMs: 0, toMs: 10_000 }]);
  scene.sendAt(1, "slow", 0);
  scene.sendAt(1, "well", 1);
  expect(await scene.run()).toEqual(["well: 200 at 103", "slow: 200 at 1003"]);
});
