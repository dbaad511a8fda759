import { expect, test } from "vitest";
import { parseFault } from "../../sandbox/fault-kinds.ts";
import { feedFaultKinds } from "../../sandbox/feed-faults.ts";
import { restFaultKinds } from "../../sandbox/rest-faults.ts";

test("what is not given gets its default", () => {
  expect(parseFault(restFaultKinds, { kind: "rate-limit" })).toEqual({
    ok: true,
    fault: { kind: "rate-limit", retryAfterS: 1, ratio: 1 },
  });
  expect(parseFault(feedFaultKinds, { kind: "close" })).toEqual({
    ok: true,
    fault: { kind: "close", code: 1001, reason: "" },
  });
});

test.each([undefined, null, [], "latency", {}, { kind: "typo" }, { kind: "toString" }])(
  "%j has no known kind, and the kinds are named",
  (value) => {
    expect(parseFault(restFaultKinds, value)).toEqual({
      ok: false,
      detail:
        '"kind" must be one of: latency, error, error-after-read, rate-limit, reset-before-read, reset-after-read, stalled-body, refused.',
    });
  },
);

test("an unknown field is refused, and the allowed ones are named", () => {
  expect(parseFault(restFaultKinds, { kind: "refused", times: 1 })).toEqual({
    ok: false,
    detail: '"times" is not a field of refused. Allowed: forMs (milliseconds).',
  });
});

test("a missing field and a bad value are told at once", () => {
  const parsed = parseFault(restFaultKinds, { kind: "latency", times: 0 });

  expect(parsed).toMatchObject({ ok: false });
  expect(parsed).toHaveProperty(
    "detail",
    expect.stringContaining('"ms" must be milliseconds; "times" must be a whole'),
  );
});

test.each([
  { kind: "error", status: 200 },
  { kind: "error", ratio: 1.1 },
  { kind: "error", path: "v1" },
  { kind: "error", method: "" },
  { kind: "error", times: 1.5 },
  { kind: "latency", ms: -1 },
  { kind: "latency", ms: "5" },
  { kind: "rate-limit", retryAfterS: null },
])("%j is refused", (fault) => {
  expect(parseFault(restFaultKinds, fault).ok).toBe(false);
});

test.each([999, 1004, 1005, 1006, 1015, 2000, 5000])(
  "a close code of %i, which no frame may hold, is refused",
  (code) => {
    expect(parseFault(feedFaultKinds, { kind: "close", code }).ok).toBe(false);
  },
);

test("a reason that does not fit into a Close frame is refused", () => {
  expect(parseFault(feedFaultKinds, { kind: "close", reason: "x".repeat(123) }).ok).toBe(true);
  expect(parseFault(feedFaultKinds, { kind: "close", reason: "x".repeat(124) }).ok).toBe(false);
});
