import { spanOf } from "./arrivals.ts";
import type { Work } from "./request.ts";
import type { Scenario } from "./scenario.ts";
import { measures } from "./scenarios.ts";

/** What is noted of one call. Times are milliseconds of virtual time. */
export interface CallRecord {
  readonly at: number;
  /** When its answer was there; undefined where it failed, or came after the deadline. */
  succeededAt?: number;
}

/** What is noted of one attempt. */
export interface AttemptRecord {
  readonly at: number;
  readonly work: Readonly<Work>;
  /** Its answer was what made a call succeed. */
  isUseful: boolean;
}

/** The figures of one subject in one scenario with one seed. Shares are from 0 to 1. */
export interface Figures {
  /** Calls that succeeded within their deadline, of those made from the beginning of the fault to the end. */
  readonly goodput: number;
  /** Of those made during the fault. */
  readonly goodputDuring: number;
  /** Of those made after it; null where the scenario has no such time. */
  readonly goodputAfter: number | null;
  /** Attempts started for each call made, from the beginning of the fault to the end. */
  readonly attemptsPerCall: number;
  readonly attemptsPerCallDuring: number;
  /** From the end of the fault to the first span in which calls succeed as before; null where there is none. */
  readonly recoveryMs: number | null;
  /** Latency of the calls that succeeded, from the beginning of the fault to the end, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Work of the service that made no call succeed. */
  readonly wastedWork: number;
  /** Share of the calls that succeeded, by the second in which they were made, from 0 s. */
  readonly goodputBySecond: readonly number[];
}

/** Takes the figures of a run. Calls and attempts are in the order in which they were made. */
export function figuresOf(
  scenario: Scenario,
  calls: readonly CallRecord[],
  attempts: readonly AttemptRecord[],
): Figures {
  const { from, faultEnd, to } = spanOf(scenario);
  const measured = within(calls, from, to);
  const during = within(calls, from, faultEnd);
  const sent = within(attempts, from, to);
  const latencies = Float64Array.from(
    measured.flatMap(({ at, succeededAt }) => (succeededAt === undefined ? [] : [succeededAt - at])),
  ).toSorted();
  const workFor = (records: readonly AttemptRecord[]): number =>
    records.reduce((sum, { work }) => sum + work.doneMs, 0);
  const allWork = workFor(sent);
  return {
    goodput: successShare(measured),
    goodputDuring: successShare(during),
    goodputAfter: to > faultEnd ? successShare(within(calls, faultEnd, to)) : null,
    attemptsPerCall: sent.length / measured.length,
    attemptsPerCallDuring: within(attempts, from, faultEnd).length / during.length,
    recoveryMs: recoveryOf(calls, faultEnd, to),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    p999Ms: quantile(latencies, 0.999),
    wastedWork: allWork === 0 ? 0 : workFor(sent.filter(({ isUseful }) => !isUseful)) / allWork,
    goodputBySecond: Array.from({ length: Math.ceil(to / 1_000) }, (_, second) =>
      successShare(within(calls, second * 1_000, (second + 1) * 1_000)),
    ),
  };
}

/** Those of records in order of time that are at `begin` or later, and before `end`. */
function within<R extends { readonly at: number }>(records: readonly R[], begin: number, end: number): readonly R[] {
  // Cut out rather than filtered: seconds and windows of recovery ask hundreds of times of every run.
  return records.slice(firstFrom(records, begin), firstFrom(records, end));
}

/** Index of the first record at this moment or later. */
function firstFrom(records: readonly { readonly at: number }[], moment: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.at ?? moment) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

function recoveryOf(calls: readonly CallRecord[], faultEnd: number, to: number): number | null {
  const { recoveryWindowMs, recoveryShare, recoveryStepMs } = measures;
  for (let begin = faultEnd; begin + recoveryWindowMs <= to; begin += recoveryStepMs) {
    if (successShare(within(calls, begin, begin + recoveryWindowMs)) >= recoveryShare) return begin - faultEnd;
  }
  return null;
}

/** Of no calls at all, none has failed. */
function successShare(calls: readonly CallRecord[]): number {
  if (calls.length === 0) return 1;
  return calls.filter(({ succeededAt }) => succeededAt !== undefined).length / calls.length;
}

/** Of sorted values; 0 where there are none. */
function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}
