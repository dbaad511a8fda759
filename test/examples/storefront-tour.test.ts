import { expect, test } from "vitest";
import { chapters } from "../../examples/storefront/tour/chapters.ts";
import { eventually } from "../sandbox/bench.ts";
import { isLeft, startProcess } from "./storefront-process.ts";

test("the tour strikes with every fault, proves that nothing was lost or done twice, and ends with 0", async () => {
  await using tour = startProcess(["--tour", "--quick"]);

  const code = await tour.ended;
  const output = tour.output();
  // First, because it shows what was not proved.
  expect(output).toContain("No payment was lost, none was charged twice");
  expect(code).toBe(0);
  for (const { title } of chapters) expect(output).toContain(title);
  expect(output).toMatch(/orders placed +216\n +confirmed to the customer +216\n +in the gateway's ledger +216\n/);
  expect(output).toMatch(/lost +0\n +charged twice +0\n/);
  expect(output).toMatch(/gaps +0\n +duplicates +0\n +out of order +0\n +connections cut +1\d\n/);
  expect(tour.errors()).toBe("");
  expect(output.split("\n").filter((line) => line.length > 100)).toEqual([]);
  // Not a terminal: no colours, and no line that is rewritten.
  expect(output).not.toContain("\u001B");
}, 90_000);

test("a tour that is interrupted proves nothing, and ends with 130", async () => {
  await using tour = startProcess(["--tour"]);
  await eventually(() => tour.output() + tour.errors()).toContain("Fair weather");
  tour.child.kill("SIGINT");

  expect(await tour.ended).toBe(130);
  expect(tour.output()).toContain("Interrupted: nothing was proved.");
  expect(isLeft(tour)).toBe(false);
});
