import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test, vi } from "vitest";
import { heapUse } from "../../bench/soak/heap.ts";

afterEach(() => void vi.unstubAllGlobals());

test("what is kept counts among the objects, and not as code", () => {
  setFlagsFromString("--expose-gc");
  vi.stubGlobal("gc", runInNewContext("gc"));
  const before = heapUse();
  const kept = Array.from({ length: 200_000 }, (_, index) => ({ index }));
  const after = heapUse();
  expect(after.objects - before.objects).toBeGreaterThan(2_000_000);
  expect(Math.abs(after.code - before.code)).toBeLessThan(1_000_000);
  expect(after.code).toBeGreaterThan(0);
  expect(kept).toHaveLength(200_000);
});
