import { parseArgs } from "node:util";
import type { Suite, SuiteLength } from "./suite.ts";

/** What to run. */
export interface Plan {
  readonly suites: readonly ChosenSuite[];
  readonly isJson: boolean;
  /** As long as a result needs: only such a run may be written down. */
  readonly isResult: boolean;
  /** Where each process leaves a CPU profile. */
  readonly profileDirectory: string | undefined;
}

/** A suite, and what of it is to run; the baseline always is, or there would be no ratio. */
export interface ChosenSuite {
  readonly suite: Suite;
  readonly workloads: readonly string[];
  readonly subjects: readonly string[];
  readonly length: SuiteLength;
}

/** What the command line asks for; `problem` says what is wrong with it. */
export type Asked =
  | { readonly kind: "run"; readonly plan: Plan }
  | { readonly kind: "help" }
  | { readonly kind: "list" }
  | { readonly kind: "problem"; readonly problem: string };

// The warm-up is by far the longer part: V8 compiles what much of a call is spent in once it has seen some ten thousand
// calls. Suites whose costs have settled sooner have a shorter one.
const full: SuiteLength = { rounds: 7, warmUpMs: 2_000, measureMs: 600 };
const quick: SuiteLength = { rounds: 3, warmUpMs: 2_000, measureMs: 300 };

export const help = `npm run bench -- [suites] [options]

Measures what a call costs, each subject in a process of its own; see bench/README.md. Without the name of a suite, all
but soak; the name of a group is that of every suite which begins with it, as websocket is of websocket-send.

  --quick           ${quick.rounds} rounds and short ones, to see whether something changed much
  --rounds n        instead of ${full.rounds}, or of what the suite has
  --workload a,b    only these, --list names them; a * stands for any text
  --subject a,b     only these, and the baseline
  --json            one line of JSON a row on standard output
  --profile dir     leaves a CPU profile of each process there, of one round; the figures then count for little
  --list            names suites, workloads and subjects
  --help

A run that is neither quick nor of fewer rounds is written to bench/results.md, with its command: the suite's section has
those workloads then, and no others. A run of some subjects has a section of its own, and draws no charts.
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
    const all = known.filter(({ isByNameOnly = false }) => !isByNameOnly);
    const named = new Set(positionals.flatMap((id) => suitesOf(id, known)));
    const suites = chosenOf(named.size === 0 ? all : [...named], values);
    const isLong = values.profile === undefined && !values.quick;
    const plan: Plan = {
      suites,
      isJson: values.json,
      isResult: isLong && suites.every(({ suite, length }) => length.rounds >= fullRounds(suite)),
      profileDirectory: values.profile,
    };
    return { kind: "run", plan };
  } catch (error) {
    return { kind: "problem", problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The command that repeats the run of one suite. */
export function commandOf(chosen: ChosenSuite): string {
  const { suite, workloads, subjects, length } = chosen;
  const { rounds } = length;
  const isSome = workloads.length < suite.workloads.length;
  return [
    `npm run bench -- ${suite.id}`,
    ...(isSome ? [`--workload ${workloads.join(",")}`] : []),
    ...(hasAllSubjects(chosen) ? [] : [`--subject ${subjects.join(",")}`]),
    ...(rounds === fullRounds(suite) ? [] : [`--rounds ${rounds}`]),
  ].join(" ");
}

/** What stands in results.md: a run of some subjects beside that of all, whose charts it leaves alone. */
export function writtenAs(chosen: ChosenSuite): Suite {
  const { suite, subjects } = chosen;
  if (hasAllSubjects(chosen)) return suite;
  return {
    ...suite,
    id: `${suite.id}-part`,
    title: `${suite.title} (some subjects)`,
    subjects: suite.subjects.filter(({ id }) => subjects.includes(id)),
    charted: [],
  };
}

const hasAllSubjects = ({ suite, subjects }: ChosenSuite): boolean => subjects.length === suite.subjects.length;

const fullRounds = ({ length }: Suite): number => length?.full.rounds ?? full.rounds;

interface Wanted {
  readonly workload?: string;
  readonly subject?: string;
  readonly quick: boolean;
  readonly rounds?: string;
  readonly profile?: string;
}

function chosenOf(suites: readonly Suite[], wanted: Wanted): readonly ChosenSuite[] {
  return suites.map((suite) => {
    const asked = wanted.subject
      ?.split(",")
      .map((name) => found(`subject of ${suite.id}`, name.trim(), suite.subjects).id);
    const isMissing = asked !== undefined && !asked.includes(suite.baseline);
    return {
      suite,
      workloads: workloadsIn(wanted.workload, suite),
      subjects: [...new Set(isMissing ? [suite.baseline, ...asked] : (asked ?? suite.subjects.map(({ id }) => id)))],
      length: lengthOf(suite, wanted),
    };
  });
}

function lengthOf(suite: Suite, { quick: isQuick, rounds, profile }: Wanted): SuiteLength {
  const length = isQuick ? { ...quick, ...suite.length?.quick } : { ...full, ...suite.length?.full };
  return { ...length, rounds: profile === undefined ? wholeNumber("rounds", rounds, length.rounds) : 1 };
}

/** In the suite's own order, whichever they are named in. */
function workloadsIn(names: string | undefined, suite: Suite): readonly string[] {
  const all = suite.workloads.map(({ id }) => id);
  if (names === undefined) return all;
  const wanted = names.split(",").flatMap((name) => {
    const matching = all.filter((id) => matchesGlob(id, name.trim()));
    return matching.length > 0 ? matching : [found(`workload of ${suite.id}`, name.trim(), suite.workloads).id];
  });
  return all.filter((id) => wanted.includes(id));
}

function matchesGlob(id: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[^\w]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`).test(id);
}

function suitesOf(name: string, known: readonly Suite[]): readonly Suite[] {
  const group = known.filter(({ id }) => id.startsWith(`${name}-`));
  return group.length > 0 ? group : [found("suite", name, known)];
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
