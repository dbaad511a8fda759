import { expect, test } from "vitest";
import { KnownEndpoints } from "../../src/rest/known-endpoints.ts";

/** Adds endpoints that nobody asks for again, as callers do who paste values into them. */
function paste(known: KnownEndpoints<string>, from: number, to: number): void {
  for (let id = from; id < to; id += 1) known.add("GET", `/payments/${id}`, "pasted");
}

test("what was made for an endpoint is found again by its method", () => {
  const known = new KnownEndpoints<string>();
  known.add("GET", "/a", "got");
  known.add("PUT", "/a", "put");
  expect([known.get("GET", "/a"), known.get("PUT", "/a"), known.get("POST", "/a"), known.get("GET", "/b")]).toEqual([
    "got",
    "put",
    undefined,
    undefined,
  ]);
});

test("no more than 500 are kept, whatever their methods, and those that came first stay", () => {
  const known = new KnownEndpoints<string>();
  known.add("PUT", "/a", "put");
  paste(known, 0, 1_000);
  known.add("PATCH", "/b", "patched");
  const kept = Array.from({ length: 1_000 }, (_, id) => known.get("GET", `/payments/${id}`)).filter(Boolean);
  expect(kept).toHaveLength(499);
  expect([known.get("PUT", "/a"), known.get("PATCH", "/b")]).toEqual(["put", undefined]);
});

test("a place is not taken for good: after many that found none, others get their turn", () => {
  const known = new KnownEndpoints<string>();
  paste(known, 0, 500 + 9_999);
  known.add("GET", "/late", "known");
  expect(known.get("GET", "/late")).toBe("known");
  expect(known.get("GET", "/payments/0")).toBeUndefined();
  paste(known, 0, 9_000);
  expect(known.get("GET", "/late")).toBe("known");
});

test("a very long one is not kept", () => {
  const known = new KnownEndpoints<string>();
  known.add("GET", `/${"a".repeat(500)}`, "made");
  expect(known.get("GET", `/${"a".repeat(500)}`)).toBeUndefined();
});
