import { moreThan } from "./census.ts";
import type { Evidence } from "./evidence.ts";
import { isGrowing, leastPoints, type Point, type Trend, trendOf } from "./trend.ts";

/** What was seen after the warm-up. */
export function pointsOf({ seen, warmUpMs }: Evidence, of: "objectBytes" | "codeBytes" | "rssBytes"): readonly Point[] {
  return seen.filter(({ atMs }) => atMs >= warmUpMs).map((one) => ({ atMs: one.atMs, value: one[of] }));
}

/** What is wrong with a soak: nothing, where it holds. */
export function violations(evidence: Evidence): readonly string[] {
  const { accounts, hung, unexpected, afterWarmUp, atEnd, before, left, signalListeners, filesLeft } = evidence;
  return [
    ...Object.entries(accounts).flatMap(([kind, account]) => {
      const { started, succeeded, failed, aborted } = account;
      const ended = succeeded + failed + aborted;
      return [
        ...(started === ended ? [] : [`${kind}: ${started} were started, and ${ended} ended as they may`]),
        ...(succeeded === 0 ? [`${kind}: none succeeded, so nothing was proved`] : []),
      ];
    }),
    ...(hung.length === 0 ? [] : [`hung past their limit: ${hung.join(", ")}`]),
    ...(unexpected.length === 0 ? [] : [`${unexpected.length} unexpected errors, the first: ${unexpected[0]}`]),
    ...heapProblems(pointsOf(evidence, "objectBytes")),
    ...named("at the end there is more than after the warm-up", moreThan(afterWarmUp, atEnd)),
    // What was taken for quiet was none, and there may have been more of anything.
    ...named("after the warm-up there was more than at the end", moreThan(atEnd, afterWarmUp)),
    ...named("after the stop there is left", moreThan(before, left)),
    ...(signalListeners === 0 ? [] : [`${signalListeners} listeners are left on the caller's signal`]),
    ...named("files are left of downloads", filesLeft),
    ...(evidence.reloads === 0 ? ["nothing was reloaded, so nothing was proved"] : []),
    ...(evidence.reconnects === 0 ? ["no stream had to reconnect, so nothing was proved"] : []),
  ];
}

function heapProblems(points: readonly Point[]): readonly string[] {
  if (points.length < leastPoints) return [`the heap was seen ${points.length} times, which says nothing of it`];
  const trend = trendOf(points);
  return isGrowing(trend) ? [`the heap grows: ${trendText(trend)}`] : [];
}

const kb = (bytes: number): string => (bytes / 1_000).toFixed(0);

const trendText = ({ perHour, errorPerHour, growth }: Trend): string =>
  `${kb(perHour)} kB an hour, ± ${kb(errorPerHour)}; by ${kb(growth)} kB while it was watched`;

const named = (what: string, all: readonly string[]): readonly string[] =>
  all.length === 0 ? [] : [`${what}: ${all.join(", ")}`];
