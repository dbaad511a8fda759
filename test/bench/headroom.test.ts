import { expect, test } from "vitest";
import { serverBusy, serverDoubts } from "../../bench/headroom.ts";
import { row } from "./suites.ts";

const wall = (subject: string, us: number, workload = "get@64"): ReturnType<typeof row> =>
  row({ subject, workload, wallUs: { min: us, median: us, max: us } });

test("a server is in doubt where the bare socket is less than twice as fast as the fastest client", () => {
  const doubts = serverDoubts([wall("raw", 10), wall("slow", 90), wall("fast", 19)], "raw");
  expect(doubts).toHaveLength(1);
  expect(doubts[0]).toContain("get@64: raw is only 1.9 times as fast as fast,");
  expect(serverDoubts([wall("raw", 10), wall("fast", 20)], "raw")).toEqual([]);
});

test("a server that is idle for half of the fastest client's time is in no doubt, whatever the bare socket does", () => {
  const busy = (share: number): ReturnType<typeof row> => ({
    ...wall("fast", 11),
    more: { [serverBusy]: { min: share, median: share, max: share } },
  });
  expect(serverDoubts([wall("raw", 10), busy(0.5)], "raw")).toEqual([]);
  expect(serverDoubts([wall("raw", 10), busy(0.6)], "raw")[0]).toContain("works 60 % of the time");
});

test("one call at a time says nothing of the server, and nor does a run without the bare socket", () => {
  expect(serverDoubts([wall("raw", 10, "get@1"), wall("fast", 11, "get@1")], "raw")).toEqual([]);
  expect(serverDoubts([wall("fast", 11), wall("slow", 12)], "raw")).toEqual([]);
});
