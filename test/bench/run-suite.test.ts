import { describe, expect, test } from "vitest";
import { runSuite } from "../../bench/run-suite.ts";
import type { Spread } from "../../bench/statistics.ts";
import type { Row, Suite } from "../../bench/suite.ts";
import { suites } from "../../bench/suites/catalog.ts";

// Long enough to see that everybody works and is measured; of what it costs, it says nothing.
const length = { rounds: 1, warmUpMs: 1, measureMs: 4 };

async function rowsOf(id: string, workload: string): Promise<{ readonly suite: Suite; readonly rows: readonly Row[] }> {
  const suite = suites.find((one) => one.id === id);
  if (suite === undefined) throw new Error(`there is no suite ${id}`);
  const chosen = { suite, workloads: [workload], subjects: suite.subjects.map((subject) => subject.id), length };
  const told: Row[] = [];
  const onRows = async (here: readonly Row[]): Promise<void> => void told.push(...here);
  const rows = await runSuite(chosen, { cores: undefined, onTurn: () => undefined, onRows });
  expect(told).toEqual(rows);
  return { suite, rows };
}

const isAboveZero = (spread: Spread | undefined): boolean => spread !== undefined && spread.median > 0;

describe("every subject answers what it should, and has all of its figures", () => {
  test.each(["post-1KB@1", "tls-get-10KB@10"])("rest %s", { timeout: 300_000 }, async (workload) => {
    const { suite, rows } = await rowsOf("rest", workload);
    const whole = rows.filter(({ cpuRatio, p99Us, allocatedBytes, more }) =>
      [cpuRatio, p99Us, allocatedBytes, more?.["server busy"]].every(isAboveZero),
    );
    expect(whole.map(({ subject }) => subject)).toEqual(suite.subjects.map(({ id }) => id));
  });

  test("pipeline", { timeout: 300_000 }, async () => {
    const { suite, rows } = await rowsOf("pipeline", "no-op");
    const whole = rows.filter(({ cpuRatio, cpuUs }) => [cpuRatio, cpuUs].every(isAboveZero));
    expect(whole.map(({ subject }) => subject)).toEqual(suite.subjects.map(({ id }) => id));
  });

  test.each([
    ["websocket-receive", "json-200B"],
    ["websocket-receive", "binary-64KiB"],
    ["websocket-send", "json-200B-burst"],
    ["websocket-send", "binary-1KiB-await"],
    ["websocket-memory", "idle-1000"],
    ["startup-import", "import"],
    ["startup-call", "first-get"],
    ["startup-stream", "first-message"],
  ])("%s %s", { timeout: 300_000 }, async (id, workload) => {
    const { suite, rows } = await rowsOf(id, workload);
    const whole = rows.filter(({ cpuRatio, cpuUs }) => [cpuRatio, cpuUs].every(isAboveZero));
    expect(whole.map(({ subject }) => subject)).toEqual(suite.subjects.map(({ id: subject }) => subject));
  });
});

describe("what grows has the slopes of all of its figures", () => {
  const crowd = ["CPU µs", "kB allocated", "KiB heap"];
  const registry = ["define µs", "start µs", "get µs", "health µs", "stop µs", "KiB heap"];
  test.each([
    ["origins", crowd],
    ["calls", crowd],
    ["calls-queued", crowd],
    ["calls-one-signal", crowd],
    ["streams", crowd],
    ["registry", registry],
  ])("scale %s", { timeout: 300_000 }, async (workload, figures) => {
    const { suite, rows } = await rowsOf("scale", workload);
    const lines = (suite.conclusions?.(rows) ?? []).slice(1);
    expect(lines.map(([, subject, title]) => [subject, title])).toEqual(
      ["bare", "hawser"].flatMap((subject) => figures.map((title) => [subject, title])),
    );
    const columns = rows.flatMap(({ more }) => Object.entries(more ?? {}));
    const [slopes, measured] = [true, false].map((isSlope) =>
      columns.filter(([title]) => title.startsWith("slope of ") === isSlope).map(([, spread]) => spread),
    );
    expect(measured?.every(isAboveZero)).toBe(true);
    // Through two sizes and a few milliseconds, a slope may point anywhere.
    expect(slopes).toHaveLength(2 * figures.length);
    expect(slopes?.every(({ median }) => Number.isFinite(median))).toBe(true);
  });
});

test("a subject that fails ends the run, with its name and its error", async () => {
  const suite = suites[0];
  if (suite === undefined) throw new Error("there is no suite");
  const chosen = { suite, workloads: ["get-200B@1"], subjects: ["nobody"], length };
  const run = runSuite(chosen, { cores: undefined, onTurn: () => undefined });
  await expect(run).rejects.toThrow(/^nobody at get-200B@1: RangeError: there is no nobody/);
});
