import { expect, test } from "vitest";
import { deeds } from "../../bench/soak/deeds.ts";
import { soak } from "../../bench/soak/soak.ts";
import { violations } from "../../bench/soak/verdict.ts";

// Long enough for all that is done to be done and to go wrong. Of the heap it says nothing: V8 is still learning the code.
test("a soak ends by itself, with everything accounted for and nothing left", { timeout: 180_000 }, async () => {
  const evidence = await soak({ warmUpMs: 8_000, measureMs: 12_000, seed: 3 });
  const problems = violations(evidence).filter((problem) => !/the heap|so nothing was proved/.test(problem));
  expect(problems).toEqual([]);
  const kinds = Object.keys(evidence.accounts);
  expect(kinds.length).toBeGreaterThan(deeds.length / 2);
  expect(evidence.operations).toBeGreaterThan(50);
  expect(evidence.reconnects).toBeGreaterThan(0);
});
