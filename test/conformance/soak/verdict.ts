import type { ProxyBooks } from "./messages.ts";
import { thirds } from "./memory.ts";
import type { SendFindings } from "./send-ledger.ts";
import { spells, strokes } from "./weather.ts";

/** What one consumer of a stream was given. */
export interface ConsumerEvidence {
  readonly stream: number;
  readonly consumer: string;
  readonly last: number;
  readonly gaps: number;
  readonly repeats: number;
  readonly worstGapMs: number;
}

/** Everything that the verdict is made of. */
export interface Evidence {
  readonly streams: number;
  /** Numbers for each stream. */
  readonly total: number;
  readonly consumers: readonly ConsumerEvidence[];
  readonly sends: readonly SendFindings[];
  /** What came again after a reconnect, and was left out by the stream. */
  readonly duplicates: number;
  /** How often the stream itself said that something is missing. */
  readonly toldGaps: number;
  /** How often reading was stopped because a consumer was slow. */
  readonly pauses: number;
  readonly thrown: number;
  readonly told: number;
  readonly surprises: readonly string[];
  readonly opens: number;
  readonly disconnects: number;
  readonly restarts: number;
  readonly dismissals: number;
  readonly proxy: ProxyBooks;
  /** Heap in use, in bytes, at even intervals. */
  readonly heap: readonly number[];
  /** What is open once all is closed: sockets and timers of the process, by kind. */
  readonly left: readonly string[];
  /** Sockets of the streams that the proxy still sees. */
  readonly openAtProxy: number;
}

/** How much the heap may grow from its first third to its last. */
const growthLimit = 1.1;

/** The verdict: it holds where there is no problem. */
export function violations(evidence: Evidence): readonly string[] {
  const { streams, total, consumers, sends, thrown, told, proxy, opens, disconnects } = evidence;
  const sum = (of: (findings: SendFindings) => number): number => sends.reduce((all, one) => all + of(one), 0);
  const { first, last } = thirds(evidence.heap);
  const all = [
    none(consumers.filter((one) => one.last !== total).length, `consumers have not all ${total} numbers`),
    none(
      consumers.reduce((count, { gaps }) => count + gaps, 0),
      "numbers came that were not the next ones",
    ),
    none(
      consumers.reduce((count, { repeats }) => count + repeats, 0),
      "numbers came that had come before",
    ),
    none(evidence.toldGaps, "gaps were told of, though the far side leaves nothing out"),
    none(
      sum(({ endings }) => endings.unsettled),
      "sends never settled",
    ),
    none(
      sum(({ endings }) => endings.other),
      "sends ended in an error that says nothing of their outcome",
    ),
    none(
      sum((one) => one.falselyNotSent),
      "sends were called not-sent, and arrived",
    ),
    none(
      sum((one) => one.arrivedTwice),
      "sends arrived twice",
    ),
    none(
      sum((one) => one.disordered),
      "sends arrived out of order",
    ),
    none(
      sum((one) => one.holes),
      "sends were written and lost, though later ones arrived on the same connection",
    ),
    none(
      sum((one) => one.lostInCalm),
      "sends were written and lost, though their connection was not",
    ),
    none(
      sum((one) => one.strangers),
      "messages arrived that nobody sent",
    ),
    none(Math.abs(thrown - told), "errors of handlers were not told, or told twice"),
    none(evidence.surprises.length, `errors that nobody expects, the first: ${evidence.surprises[0] ?? ""}`),
    none(Math.abs(opens - disconnects), "onConnect and onDisconnect do not come in pairs"),
    none(proxy.doubles, "times a stream had two sockets"),
    none(evidence.openAtProxy, "sockets are still open at the far side"),
    none(evidence.left.length, `things are left in the process: ${evidence.left.join(", ")}`),
    last > first * growthLimit
      ? `the heap has grown from ${mib(first)} in the first third to ${mib(last)} in the last`
      : undefined,
    none(
      unstruck(evidence).length,
      `kinds of disturbance never struck, so nothing was proved: ${unstruck(evidence).join(", ")}`,
    ),
    evidence.duplicates === 0 ? "nothing came twice from the far side, so nothing was proved" : undefined,
    evidence.pauses === 0 ? "no handler was so slow that reading stopped, so nothing was proved" : undefined,
    opens < 2 * streams ? "hardly any stream had to reconnect, so nothing was proved" : undefined,
  ];
  return all.filter((problem) => problem !== undefined);
}

function unstruck({ proxy, restarts, dismissals }: Evidence): string[] {
  const times: Readonly<Record<string, number>> = {
    ...proxy.struck,
    restart: restarts,
    dismiss: dismissals,
    refuse: proxy.refused,
    mute: proxy.muted,
  };
  return [...strokes, ...spells].filter((kind) => (times[kind] ?? 0) === 0);
}

/** Bytes for people. */
export const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;

const none = (count: number, what: string): string | undefined => (count === 0 ? undefined : `${count} ${what}`);
