import type { Scenario } from "../../src/lab/scenario.ts";

/** A few seconds of everything: a slowdown within random errors, for tests of what runs scenarios. */
export const shortScenario: Scenario = {
  id: "short",
  title: "2 s at a tenth of the speed, with 10 % errors",
  why: "",
  service: {
    origins: 1,
    routing: "bound",
    workers: 2,
    discipline: "fifo",
    serviceTime: { kind: "exponential", meanMs: 20 },
    maxQueued: 50,
    abandonedWork: "dropped",
  },
  load: 0.5,
  processes: 2,
  attemptTimeoutMs: 250,
  deadlineMs: 1_000,
  warmUpMs: 2_000,
  faultMs: 2_000,
  afterMs: 4_000,
  faults: [
    { kind: "speed", factor: 0.1, fromMs: 0, toMs: 2_000 },
    { kind: "errors", share: 0.1, status: 500, fromMs: 0, toMs: 2_000 },
  ],
};
