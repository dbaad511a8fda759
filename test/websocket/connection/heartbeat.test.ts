import { expect, test } from "vitest";
import {
  beat,
  type Heartbeat,
  type HeartbeatReading,
  probe,
  startHeartbeat,
} from "../../../src/websocket/connection/heartbeat.ts";

const limits = { intervalMs: 20_000, timeoutMs: 10_000 };
const reading = (lastByteAt: number, readingSince = 0): HeartbeatReading => ({ lastByteAt, readingSince });

function look(before: Heartbeat, at: HeartbeatReading, now: number = before.dueAt) {
  const result = beat(before, at, now, limits);
  if (result.verdict === "dead") throw new Error("dead");
  return result;
}

test("the first ping goes out one interval after the connection opened", () => {
  expect(startHeartbeat(5, limits)).toMatchObject({ dueAt: 20_005, silentSince: undefined });
  expect(look(startHeartbeat(0, limits), reading(0)).verdict).toBe("ping");
});

test("a black hole is found within interval plus timeout", () => {
  const pinged = look(startHeartbeat(0, limits), reading(0)).heartbeat;
  expect(pinged.dueAt).toBe(30_000);
  expect(beat(pinged, reading(0), 30_000, limits).verdict).toBe("dead");
});

test("any byte after the ping counts as life", () => {
  const pinged = look(startHeartbeat(0, limits), reading(0)).heartbeat;
  const alive = look(pinged, reading(20_000));
  expect(alive).toMatchObject({ verdict: "wait", heartbeat: { silentSince: undefined, dueAt: 40_000 } });
});

test("a timeout longer than the interval still counts from the first unanswered ping", () => {
  const slow = { intervalMs: 1_000, timeoutMs: 2_500 };
  let heartbeat = startHeartbeat(0, slow);
  const verdicts: string[] = [];
  for (let looks = 0; looks < 10; looks++) {
    const result = beat(heartbeat, reading(0), heartbeat.dueAt, slow);
    verdicts.push(`${result.verdict}@${heartbeat.dueAt}`);
    if (result.verdict === "dead") break;
    heartbeat = result.heartbeat;
  }
  expect(verdicts).toEqual(["ping@1000", "ping@2000", "ping@3000", "dead@3500"]);
});

test("there is no verdict while the reader is held, and the time counts anew after it", () => {
  const pinged = look(startHeartbeat(0, limits), reading(0)).heartbeat;
  const held = look(pinged, { lastByteAt: 0, readingSince: undefined });
  expect(held).toMatchObject({ verdict: "wait", heartbeat: { dueAt: 40_000 } });
  const resumed = look(held.heartbeat, reading(0, 39_000));
  expect(resumed).toMatchObject({ verdict: "ping", heartbeat: { dueAt: 49_000 } });
  expect(beat(resumed.heartbeat, reading(0, 39_000), 49_000, limits).verdict).toBe("dead");
});

test("a process that stood still pings at once and gives the full timeout", () => {
  const pinged = look(startHeartbeat(0, limits), reading(0)).heartbeat;
  const woken = look(pinged, reading(0), 3_600_000);
  expect(woken).toMatchObject({ verdict: "ping", heartbeat: { silentSince: 3_600_000, dueAt: 3_610_000 } });
  expect(beat(woken.heartbeat, reading(0), 3_610_000, limits).verdict).toBe("dead");
});

test("a probe pings at once, and its verdict falls after 5 s at most", () => {
  const probed = probe(startHeartbeat(0, limits), 0, 7_000, limits);
  expect(probed).toMatchObject({ silentSince: 7_000, dueAt: 12_000 });
  expect(beat(probed, reading(0), 12_000, limits)).toEqual({ verdict: "dead", silentMs: 5_000 });
  expect(probe(startHeartbeat(0, limits), 0, 7_000, { intervalMs: 20_000, timeoutMs: 300 }).dueAt).toBe(7_300);
});

test("a probe that was answered leaves the ordinary timeout", () => {
  const alive = look(probe(startHeartbeat(0, limits), 0, 7_000, limits), reading(7_001));
  expect(alive.heartbeat).toMatchObject({ silentSince: undefined, patienceMs: 10_000, dueAt: 27_000 });
});

test("probe after probe does not put off the verdict on a silence that lasts", () => {
  let heartbeat = look(startHeartbeat(0, limits), reading(0)).heartbeat;
  for (let now = 21_000; now < 30_000; now += 1_000) heartbeat = probe(heartbeat, 0, now, limits);
  expect(heartbeat.dueAt).toBe(26_000);
});

test("what answered an earlier ping does not answer a probe", () => {
  const pinged = look(startHeartbeat(0, limits), reading(0)).heartbeat;
  const probed = probe(pinged, 20_050, 28_000, limits);
  expect(probed).toMatchObject({ silentSince: 28_000, dueAt: 33_000 });
  expect(beat(probed, reading(20_050), 33_000, limits)).toEqual({ verdict: "dead", silentMs: 5_000 });
  expect(look(probed, reading(28_000)).verdict).toBe("wait");
});
