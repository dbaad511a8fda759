import { parseArgs } from "node:util";
import type { Suite } from "./suite.ts";

/** What to run. */
export interface Plan {
  readonly suites: readonly ChosenSuite[];
  readonly rounds: number;
  /** For each process, in milliseconds of CPU time. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly isJson: boolean;
  /** Everything that the suites have, as long as a result needs: only such a run may be written down. */
  readonly isFull: boolean;
  /** Where each process leaves a CPU profile. */
  readonly profileDirectory: string | undefined;
}

/** A suite, and what of it is to run; the baseline always is, or there would be no ratio. */
export interface ChosenSuite {
  readonly suite: Suite;
  readonly workloads: readonly string[];
  readonly subjects: readonly string[];
}

/** What the command line asks for; `problem` says what is wrong with it. */
export type Asked =
  | { readonly kind: "run"; readonly plan: Plan }
  | { readonly kind: "help" }
  | { readonly kind: "list" }
  | { readonly kind: "problem"; readonly problem: string };

// The warm-up is by far the longer part: V8 compiles what much of a call is spent in once it has seen some ten thousand
// calls. In processes cut into slices, the costs of a call fell until 1.3 s with undici, and until 1.8 s with Hawser.
const full = { rounds: 7, warmUpMs: 2_000, measureMs: 600 };
const quick = { rounds: 3, warmUpMs: 1_000, measureMs: 300 };

export const help = `npm run bench -- [suites] [options]

Measures what a call costs, each subject in a process of its own; see bench/README.md. Without the name of a suite, all.

  --quick           ${quick.rounds} rounds and short ones, to see whether something changed much
  --rounds n        instead of ${full.rounds}
  --workload a,b    only these; --list names them
  --subject a,b     only these, and the baseline
  --json            one line of JSON a row on standard output
  --profile dir     leaves a CPU profile of each process there, of one round; the figures then count for little
  --list            names suites, workloads and subjects
  --help

A run of whole suites, neither quick nor shortened, is written to bench/results.md.
`;

/** Reads the command line, without the program's own name. */
export function readArguments(argv: readonly string[], known: readonly Suite[]): Asked {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        rounds: { type: "string" },
        workload: { type: "string" },
        subject: { type: "string" },
        json: { type: "boolean", default: false },
        profile: { type: "string" },
        list: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    if (values.list) return { kind: "list" };
    const suites = positionals.length === 0 ? known : positionals.map((id) => found("suite", id, known));
    const length = values.quick ? quick : full;
    const rounds = values.profile === undefined ? wholeNumber("rounds", values.rounds, length.rounds) : 1;
    const isWhole = values.workload === undefined && values.subject === undefined && values.profile === undefined;
    const plan: Plan = {
      ...length,
      suites: chosenOf(suites, values.workload, values.subject),
      rounds,
      isJson: values.json,
      isFull: isWhole && !values.quick && rounds >= full.rounds,
      profileDirectory: values.profile,
    };
    return { kind: "run", plan };
  } catch (error) {
    return { kind: "problem", problem: error instanceof Error ? error.message : String(error) };
  }
}

function chosenOf(
  suites: readonly Suite[],
  workloads: string | undefined,
  subjects: string | undefined,
): readonly ChosenSuite[] {
  return suites.map((suite) => {
    const asked = namesIn("subject", subjects, suite);
    const isMissing = asked !== undefined && !asked.includes(suite.baseline);
    return {
      suite,
      workloads: namesIn("workload", workloads, suite) ?? suite.workloads.map(({ id }) => id),
      subjects: isMissing ? [suite.baseline, ...asked] : (asked ?? suite.subjects.map(({ id }) => id)),
    };
  });
}

function namesIn(kind: "workload" | "subject", names: string | undefined, suite: Suite): readonly string[] | undefined {
  const known = kind === "workload" ? suite.workloads : suite.subjects;
  return names?.split(",").map((name) => found(`${kind} of ${suite.id}`, name.trim(), known).id);
}

function found<T extends { readonly id: string }>(kind: string, id: string, known: readonly T[]): T {
  const one = known.find((candidate) => candidate.id === id);
  if (one !== undefined) return one;
  throw new RangeError(`${id} is no ${kind}; known are ${known.map((candidate) => candidate.id).join(", ")}`);
}

function wholeNumber(option: string, given: string | undefined, fallback: number): number {
  if (given === undefined) return fallback;
  const value = Number(given);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`--${option} must be a whole number of at least 1, not ${given}`);
}
