import type { ServiceUnavailableError } from "../core/errors.ts";
import type { Prepared } from "./build.ts";
import type { Definitions } from "./build-members.ts";
import type { ReloadChange } from "./changes.ts";
import { prepareReload, type ReloadContext, type Running } from "./reload.ts";

/** What a reload has found to be different. */
export interface ReloadResult {
  /** Empty where all settings are what they were. */
  readonly changed: readonly ReloadChange[];
}

/** The run whose settings are read anew. */
export interface ReloadedRun extends Running {
  /** What its services go by, which a reload changes. */
  readonly prepared: Map<string, Prepared>;
  /** Why nothing may be changed any more; undefined while it runs. */
  readonly over: () => ServiceUnavailableError | undefined;
}

/**
 * Reads the settings of a run anew, and puts in force what is different.
 *
 * @throws ServiceConfigurationError with every problem of all services, and what `run.over` says; nothing has changed then.
 */
export async function reloadRun(
  definitions: Definitions,
  run: ReloadedRun,
  context: ReloadContext,
): Promise<ReloadResult> {
  assertRunning(run);
  const reload = await prepareReload(definitions, run, context);
  assertRunning(run);
  const { inForce, kept } = await reload.commit();
  for (const [name, prepared] of inForce) run.prepared.set(name, prepared);
  const changed = reload.changed.map((change) =>
    kept.has(change.service) ? { ...change, effect: "restart" as const } : change,
  );
  context.logger.info({ changed }, changed.length === 0 ? "settings reloaded: none has changed" : "settings reloaded");
  return { changed };
}

function assertRunning(run: ReloadedRun): void {
  const over = run.over();
  if (over !== undefined) throw over;
}
