import { expect, test } from "vitest";
import { byId } from "../../bench/named.ts";

test("a name that is not there is told with those that are", () => {
  const all = [{ id: "a" }, { id: "b" }];
  expect(byId(all, "b")).toBe(all[1]);
  expect(() => byId(all, "c")).toThrow("there is no c; known are a, b");
});
