import { env } from "node:process";
import { afterAll, beforeAll, expect } from "vitest";

// What a test file opened and did not close. Only the kinds that hold a process up are counted; those that the runner
// itself holds at the start are its own.
const counted = new Set([
  "Timeout",
  "TCPSocketWrap",
  "TCPServerWrap",
  "TLSWrap",
  "Immediate",
  "FSEventWrap",
  "PipeWrap",
]);

function open(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) {
    if (counted.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

let before: Map<string, number>;
// The next file runs in the same process.
let environment: NodeJS.ProcessEnv;

beforeAll(() => {
  before = open();
  environment = { ...env };
});

afterAll(async () => {
  // A socket that was destroyed is gone only after the loop has turned; a handful of turns, not a wait.
  const leaked = (): string[] => [...open()].filter(([kind, n]) => n > (before.get(kind) ?? 0)).map(([kind]) => kind);
  for (let turn = 0; turn < 50 && leaked().length > 0; turn++) await new Promise<void>((done) => setImmediate(done));
  // The runner reports in batches, by a timer of 100 ms of its own that may be set; only what outlives it is a leak.
  for (let waits = 0; waits < 10 && leaked().length > 0; waits++) await new Promise((done) => setTimeout(done, 50));
  /* oxlint-disable vitest/no-standalone-expect */
  expect({ ...env }, "a test file leaves the environment as it was").toEqual(environment);
  expect(leaked(), "a test file leaves no timer, socket or listener open").toEqual([]);
});
