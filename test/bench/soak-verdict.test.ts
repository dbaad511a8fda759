import { describe, expect, test } from "vitest";
import type { Evidence } from "../../bench/soak/evidence.ts";
import { pointsOf, violations } from "../../bench/soak/verdict.ts";

const quiet = { TCPSocketWrap: 2, Timeout: 2 };
const account = { started: 6, open: 0, succeeded: 3, failed: 2, aborted: 1, unexpected: 0 };

const seenOf = (heapAt: (index: number) => number): Evidence["seen"] =>
  Array.from({ length: 90 }, (_, index) => ({
    atMs: index * 1_000,
    objectBytes: heapAt(index),
    codeBytes: 5e6,
    rssBytes: 9e7,
  }));

const sound: Evidence = {
  warmUpMs: 30_000,
  // A warm-up in which it grows, as all do.
  seen: seenOf((index) => 2e7 + 1e5 * Math.min(index, 30) + (index % 2) * 1e4),
  accounts: { get: account },
  hung: [],
  worstDelayMs: 3,
  unexpected: [],
  afterWarmUp: quiet,
  atEnd: quiet,
  before: {},
  left: {},
  signalListeners: 0,
  filesLeft: [],
  reloads: 4,
  reconnects: 9,
  cpuUs: 1e6,
  measuredMs: 60_000,
  operations: 6,
};

test("a soak holds where all was accounted for, and nothing grew or was left", () => {
  expect(violations(sound)).toEqual([]);
});

test("what was seen in the warm-up does not count", () => {
  expect(pointsOf(sound, "objectBytes").map(({ atMs }) => atMs)[0]).toBe(30_000);
});

describe("a soak does not hold", () => {
  test.each<[string, Partial<Evidence>, RegExp]>([
    [
      "a call never ended",
      { accounts: { get: { ...account, started: 7, open: 1 } } },
      /get: 7 were started, and 6 ended/,
    ],
    [
      "a call ended in what nobody expects",
      { accounts: { get: { ...account, failed: 1, unexpected: 1 } }, unexpected: ["get: TypeError"] },
      /1 unexpected errors, the first: get: TypeError/,
    ],
    ["a call hung", { hung: ["get"] }, /hung past their limit: get/],
    [
      "no call of a kind succeeded",
      { accounts: { get: { ...account, succeeded: 0, failed: 5 } } },
      /nothing was proved/,
    ],
    ["the heap grew", { seen: seenOf((index) => 2e7 + index * 2e4) }, /the heap grows: 72000 kB an hour, ± 0/],
    ["the heap was hardly seen", { seen: sound.seen.slice(0, 40) }, /seen 10 times, which says nothing/],
    ["a socket stayed", { atEnd: { ...quiet, TCPSocketWrap: 3 } }, /more than after the warm-up: 1 TCPSocketWrap/],
    [
      "it was not quiet after the warm-up",
      { afterWarmUp: { ...quiet, Timeout: 5 } },
      /there was more than at the end: 3 Tim/,
    ],
    ["a timer outlived the stop", { left: { Timeout: 1 } }, /after the stop there is left: 1 Timeout/],
    ["listeners stayed", { signalListeners: 2 }, /2 listeners are left on the caller's signal/],
    ["half a download stayed", { filesLeft: ["a.part"] }, /files are left of downloads: a\.part/],
    ["nothing was reloaded", { reloads: 0 }, /nothing was reloaded/],
    ["no stream was cut", { reconnects: 0 }, /no stream had to reconnect/],
  ])("where %s", (_what, change, problem) => {
    const [first, ...more] = violations({ ...sound, ...change });
    expect([first, ...more].join("\n")).toMatch(problem);
  });
});
