import { expect, test } from "vitest";
import { coresFrom } from "../../bench/cores.ts";

test("the clients get the last core that is allowed, and the server the first", () => {
  expect(coresFrom("\t0-1")).toEqual({ server: 0, client: 1 });
  expect(coresFrom("2,4-6,9")).toEqual({ server: 2, client: 9 });
  expect(coresFrom("4-7")).toEqual({ server: 4, client: 7 });
});

test("one core is not enough, and nor is a list that cannot be read", () => {
  expect(coresFrom("3")).toBeUndefined();
  expect(coresFrom("")).toBeUndefined();
  expect(coresFrom("all")).toBeUndefined();
});
