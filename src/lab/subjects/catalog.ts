import type { Subject } from "../subject.ts";
import { hawser, hawserSubject, type LabOptions } from "./hawser.ts";
import { hawserVariants } from "./hawser-variants.ts";

/** The id of the subject that is made of a user's own settings. */
export const ownSubjectId = "own";

/** What the tables and charts say of a subject without loading it. */
export interface SubjectEntry {
  readonly id: string;
  load(): Promise<Subject>;
}

/**
 * Every subject, in the order of the tables. Each is imported when it is asked for: the peers are development
 * dependencies, and time and chance must have been replaced before their modules are loaded.
 */
export const catalog: readonly SubjectEntry[] = [
  { id: "hawser", load: async () => hawser },
  { id: "no-retries", load: async () => (await import("./no-retries.ts")).noRetries },
  { id: "naive", load: async () => (await import("./naive.ts")).naive },
  { id: "plain-budget", load: async () => (await import("./plain-budget.ts")).plainBudget },
  { id: "p-retry", load: async () => (await import("./p-retry.ts")).pRetryWithJitter },
  { id: "axios-retry", load: async () => (await import("./axios-retry.ts")).axiosRetryDefault },
  { id: "axios-retry-timeouts", load: async () => (await import("./axios-retry.ts")).axiosRetryTimeouts },
  { id: "cockatiel", load: async () => (await import("./cockatiel.ts")).cockatielRetry },
  { id: "cockatiel-consecutive", load: async () => (await import("./cockatiel.ts")).cockatielConsecutive },
  { id: "cockatiel-sampling", load: async () => (await import("./cockatiel.ts")).cockatielSampling },
  { id: "p-retry-opossum", load: async () => (await import("./p-retry-opossum.ts")).pRetryOpossum },
  { id: "smithy", load: async () => (await import("./smithy.ts")).smithyStandard },
  ...hawserVariants.map((variant) => ({ id: variant.id, load: async () => variant })),
];

/** The subject of this id; `own` is made of the options that the module at `settingsUrl` exports. */
export async function subjectFor(id: string, settingsUrl?: string): Promise<Subject> {
  if (id === ownSubjectId) {
    const options = await ownOptions(settingsUrl);
    return hawserSubject(options, { id, name: "yours", group: "hawser", about: "The settings that were given." });
  }
  const entry = catalog.find((one) => one.id === id);
  if (entry === undefined) throw new Error(`no subject ${id}; known are ${catalog.map((one) => one.id).join(", ")}`);
  return entry.load();
}

/** The default export of a settings module, or its `options`. */
export async function ownOptions(settingsUrl: string | undefined): Promise<LabOptions> {
  if (settingsUrl === undefined) throw new Error("the subject `own` needs a settings file (--settings)");
  const module = (await import(settingsUrl).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${settingsUrl} cannot be loaded: ${why}`, { cause: error });
  })) as { default?: unknown; options?: unknown };
  const options = module.default ?? module.options;
  if (typeof options === "object" && options !== null) return withoutParts(options);
  throw new Error(`${settingsUrl} must export the options of a RESTService, as default or as \`options\``);
}

// What the lab brings itself: on another clock or wire, a run would be no simulation.
function withoutParts(options: object): LabOptions {
  const brought = new Set(["clock", "random", "logger", "dispatcher"]);
  return Object.fromEntries(Object.entries(options).filter(([name]) => !brought.has(name)));
}
