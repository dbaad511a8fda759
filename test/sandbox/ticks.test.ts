import { expect, test } from "vitest";
import { TickHistory } from "../../sandbox/ticks.ts";
import { range } from "./bench.ts";

const historyOf = (ticks: number, limit?: number): TickHistory => {
  const history = new TickHistory(limit);
  for (let n = 0; n < ticks; n++) history.add(new Date(0));
  return history;
};
const numbers = (history: TickHistory, after: number, most = Number.POSITIVE_INFINITY): readonly number[] =>
  history.after(after, most).map(({ seq }) => seq);

test("ticks are numbered from 1 without a gap", () => {
  expect(numbers(historyOf(5), 0)).toEqual([1, 2, 3, 4, 5]);
});

test("after a number come the greater ones, in order, as many as asked for", () => {
  const history = historyOf(10);

  expect(numbers(history, 3, 4)).toEqual([4, 5, 6, 7]);
  expect(numbers(history, 9)).toEqual([10]);
  expect(numbers(history, 10)).toEqual([]);
  expect(numbers(history, 11)).toEqual([]);
});

test("at least 100,000 ticks are kept, and not without bound", () => {
  const kept = numbers(historyOf(250_000), 0);

  expect(kept.length).toBeGreaterThanOrEqual(100_000);
  expect(kept.length).toBeLessThanOrEqual(110_001);
  expect(kept.at(-1)).toBe(250_000);
});

test("what was forgotten is left out, and the kept rest follows without a gap", () => {
  const kept = numbers(historyOf(100, 10), 0);

  expect(kept).toEqual(range(kept[0] ?? 0, 100));
});
