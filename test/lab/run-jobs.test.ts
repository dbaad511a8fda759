import { expect, test } from "vitest";
import { runJobs } from "../../src/lab/run-jobs.ts";
import { catalog } from "../../src/lab/subjects/catalog.ts";
import { shortScenario } from "./short-scenario.ts";

const jobs = catalog.map(({ id }) => ({ scenario: shortScenario, subject: id, seed: 3 }));

// Every library must be in it, for one that takes time from elsewhere would not be simulated.
test("every subject has the same figures in any process, after any other, bit for bit", async () => {
  const forwards = await runJobs(jobs, { processes: 1 });
  const backwards = await runJobs(jobs.toReversed(), { processes: 2 });
  expect(backwards.toReversed()).toEqual(forwards);
  for (const { goodput, attemptsPerCall } of forwards) {
    // Some open a circuit and keep it open; none fails every call.
    expect(goodput).toBeGreaterThan(0);
    expect(attemptsPerCall).toBeGreaterThan(0);
  }
});

test("an experiment that fails is named", async () => {
  const unknown = [{ scenario: shortScenario, subject: "nobody", seed: 1 }];
  await expect(runJobs(unknown, { processes: 1 })).rejects.toThrow(/short, nobody, seed 1: no subject nobody/);
});
