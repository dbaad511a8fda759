import type { Spread } from "./statistics.ts";

/** What one process measured, of one subject at one workload. */
export interface Sample {
  /** How many operations the figures are of. */
  readonly operations: number;
  /** User and system time of the whole process, in microseconds per operation. */
  readonly cpuUs: number;
  /** Microseconds per operation, of all that were under way at the same time together: throughput, turned over. */
  readonly wallUs: number;
  /** What 99 of 100 operations took at most, in microseconds; absent where they are too short to be timed one by one. */
  readonly p99Us?: number;
  /** Allocated on the heap per operation. */
  readonly allocatedBytes?: number;
  /** By how much the heap grew while what is allocated was measured, each time after a forced collection. */
  readonly retainedBytes?: number;
  /** What else a suite wants in the table, by the title of its column. */
  readonly more?: Readonly<Record<string, number>>;
}

/** How a suite is to measure. Milliseconds of CPU time. */
export interface Run {
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Of the suite's server; empty where it has none. */
  readonly origin: string;
  /** Where that server speaks TLS, and the certificate that vouches for it, in PEM; absent where it does not. */
  readonly tls?: { readonly origin: string; readonly ca: string };
}

/** Something to be measured, or something to measure it with. */
export interface Named {
  readonly id: string;
  /** For the table: how it is set up. */
  readonly about: string;
}

/** How long and how often a suite is measured. */
export interface SuiteLength extends Pick<Run, "warmUpMs" | "measureMs"> {
  readonly rounds: number;
  /** For one process, after which it is given up. @defaultValue a minute, and 30 times what it is to measure */
  readonly limitMs?: number;
}

/** One question, asked of several subjects at several workloads. */
export interface Suite {
  readonly id: string;
  readonly title: string;
  /** The subject that ratios are to. */
  readonly baseline: string;
  readonly workloads: readonly Named[];
  readonly subjects: readonly Named[];
  /** A program that tells its port (see servers/canned.ts) and counts what it answers; one for all processes of a run. */
  readonly server?: URL;
  /** Not part of a run of all suites, but of one that names it. */
  readonly isByNameOnly?: boolean;
  /** What of it is the suite's own, in milliseconds of whatever it measures by; the rest is what all suites have. */
  readonly length?: { readonly full: Partial<SuiteLength>; readonly quick: Partial<SuiteLength> };
  /**
   * Called in a process of its own, which has loaded nothing but the suite: what a subject needs is to be imported
   * here, so that no other subject bears it.
   */
  measure(subject: string, workload: string, run: Run): Promise<Sample>;
  /** What in the rows makes them doubtful. */
  doubts?(rows: readonly Row[]): readonly string[];
  /** What was promised of these figures; see targets.ts, which holds it against the rows. */
  readonly targets?: readonly Target[];
  /** The workloads of which a run draws a chart of the ratios of CPU time; all where it is absent. */
  readonly charted?: readonly string[];
  /** What the rows of several workloads say together, as a table, its header first; empty where they say nothing. */
  conclusions?(rows: readonly Row[]): readonly (readonly string[])[];
}

/** A figure that every row may have: CPU over the baseline's, microseconds, or bytes. */
export type FigureName = "cpuRatio" | "cpuUs" | "wallUs" | "p99Us" | "allocatedBytes" | "retainedBytes";

/** The median of a figure of one row, alone or beside another subject's of the same workload. */
export interface FigureOf {
  readonly workload: string;
  readonly subject: string;
  /** Its name, or the title of a column of `more`. For a ratio of CPU time take `cpuRatio`, which is within a round. */
  readonly figure: FigureName | { readonly more: string };
  /** The subject whose figure it is divided by. */
  readonly over?: string;
  /** The subject whose figure is taken off it. */
  readonly above?: string;
}

/** A promise: a figure, and where its limit is. */
export type Target = Promised & ({ readonly atMost: number } | { readonly atLeast: number });

/** What is not the figure of a row is computed from the rows, and needs a text; undefined: not measured in this run. */
type Promised =
  | { readonly of: FigureOf }
  | { readonly of: (rows: readonly Row[]) => number | undefined; readonly text: string };

/** What all rounds said of one subject at one workload; see {@link Sample}. */
export interface Row {
  readonly suite: string;
  readonly workload: string;
  readonly subject: string;
  readonly baseline: string;
  /** CPU per operation over that of the baseline in the same round; absent where the baseline was not run. */
  readonly cpuRatio?: Spread;
  readonly rounds: number;
  readonly cpuUs: Spread;
  readonly wallUs: Spread;
  readonly p99Us?: Spread;
  readonly allocatedBytes?: Spread;
  readonly retainedBytes?: Spread;
  readonly more?: Readonly<Record<string, Spread>>;
}
