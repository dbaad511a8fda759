import { expect, test } from "vitest";
import { RttSamples } from "../../../src/websocket/connection/rtt.ts";

const of = (...samples: readonly number[]): RttSamples => {
  const rtt = new RttSamples();
  for (const sample of samples) rtt.add(sample);
  return rtt;
};

test("before the first pong there is nothing to tell", () => {
  expect([of().summary(), of().lastMs]).toEqual([undefined, undefined]);
});

test("one sample is every percentile", () => {
  expect(of(7).summary()).toEqual({ samples: 1, lastMs: 7, minMs: 7, p50Ms: 7, p95Ms: 7, p99Ms: 7 });
});

test("percentiles are by nearest rank, and of numbers, not of their texts", () => {
  const oneToHundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(of(...oneToHundred).summary()).toEqual({
    samples: 100,
    lastMs: 1,
    minMs: 1,
    p50Ms: 50,
    p95Ms: 95,
    p99Ms: 99,
  });
});

test("only the last hundred count, and asking changes nothing", () => {
  const rtt = of(...Array<number>(100).fill(1_000), ...Array<number>(60).fill(3));
  expect(rtt.summary()).toMatchObject({ samples: 100, lastMs: 3, p50Ms: 3, p95Ms: 1_000 });
  for (let i = 0; i < 40; i++) rtt.add(2);
  expect(rtt.summary()).toMatchObject({ minMs: 2, lastMs: 2, p50Ms: 3, p99Ms: 3 });
});
