import { type Evidence, mib } from "./verdict.ts";
import { endings } from "./send-ledger.ts";
import { thirds } from "./memory.ts";

const counted = (count: number): string => count.toLocaleString("en");

/** What was broken, what came of it, and what it cost. */
export function reportOf(evidence: Evidence, seconds: number): string {
  const { consumers, sends, proxy, streams, total } = evidence;
  const { first, last } = thirds(evidence.heap);
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
  const most = (values: readonly number[]): number => Math.max(0, ...values);
  const rows: readonly (readonly [string, string])[] = [
    ["streams, for seconds", `${streams}, ${Math.round(seconds)}`],
    ["numbers for each of three consumers", counted(total * streams)],
    ["deliveries", counted(sum(consumers.map((one) => one.last)))],
    ["sent again after a reconnect, and left out", counted(evidence.duplicates)],
    ["times that reading was stopped", counted(evidence.pauses)],
    ["not the next number", counted(sum(consumers.map(({ gaps, repeats }) => gaps + repeats)))],
    ["longest time without a delivery", `${(most(consumers.map((one) => one.worstGapMs)) / 1000).toFixed(1)} s`],
    ["handlers that threw", counted(evidence.thrown)],
    ["sends", counted(sum(sends.map(({ started }) => started)))],
    ["  arrived", counted(sum(sends.map(({ arrived }) => arrived)))],
    ...endings.map((ending) => [`  ${ending}`, counted(sum(sends.map((one) => one.endings[ending])))] as const),
    ["  written, lost with the connection", counted(sum(sends.map((one) => one.lostWithConnection)))],
    ["connections that opened", counted(evidence.opens)],
    ["  dials that the proxy saw", counted(proxy.connections)],
    ["far side killed", counted(evidence.restarts)],
    ["connections dismissed with a close code", counted(evidence.dismissals)],
    ["dials refused", counted(proxy.refused)],
    ["dials without an answer", counted(proxy.muted)],
    ...Object.entries(proxy.struck)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([kind, times]) => [`connections: ${kind}`, counted(times)] as const),
    ["heap, first and last third", `${mib(first)}, ${mib(last)}`],
  ];
  return rows.map(([what, value]) => `  ${what.padEnd(46)}${value.padStart(16)}`).join("\n");
}
