import type { Clock } from "../core/clock.ts";
import { isServiceConfigurationError, ServiceConfigurationError } from "../core/errors.ts";
import type { BaseExternalService } from "../core/external-service.ts";
import { optionSources } from "../core/options.ts";
import { RESTService } from "../rest/rest-service.ts";
import { WebSocketService } from "../websocket/websocket-service.ts";
import { construct, type Prepared, prepareOptions, sourcesOf } from "./build.ts";
import { type Definitions, type MemberContext, ownSettingsOf, type Plan } from "./build-members.ts";
import { changesOf, type ReloadChange } from "./changes.ts";
import type { AnyDefinition } from "./definition.ts";
import { shownSetting } from "./shown.ts";
import { url } from "./setting-schemas.ts";
import { untilAborted } from "./until-aborted.ts";

/** The services of the current run, and what they go by. */
export interface Running extends Pick<Plan, "leftOut" | "stoodIn" | "prepared"> {
  /** Undefined for one that is not made yet. */
  readonly serviceOf: (name: string) => unknown;
}

/** What a reload makes services with. */
export type ReloadContext = Omit<MemberContext, "serviceOf" | "fakeOf">;

/** For a function of the application's own, which nothing else would end. */
const limitMs = 15_000;

/** What a reload is about to change, once everything has been checked. */
export interface Reload {
  readonly changed: readonly ReloadChange[];
  /**
   * Puts it in force: all services at once, but for those that have functions of the application's own, which are
   * awaited. Resolves to what each service goes by from now on, and to what could not be changed after all.
   */
  commit(): Promise<{ readonly inForce: ReadonlyMap<string, Prepared>; readonly kept: ReadonlySet<string> }>;
}

type PutInForce = (signal: AbortSignal) => void | Promise<void>;

interface Step {
  readonly name: string;
  readonly prepared: Prepared;
  /** Undefined where nothing changes now. */
  readonly putInForce: PutInForce | undefined;
}

/**
 * Reads the settings of all services anew and readies what is different. Nothing changes yet.
 *
 * @throws ServiceConfigurationError with every problem of all services at once.
 */
export async function prepareReload(
  definitions: Definitions,
  running: Running,
  context: ReloadContext,
): Promise<Reload> {
  const problems: string[] = [];
  const changed: ReloadChange[] = [];
  const steps: Step[] = [];
  for (const [name, definition] of definitions) {
    const why = running.leftOut.get(name);
    // It comes with what it needs; and behind a fake there is nothing.
    if ((why !== undefined && "need" in why) || running.stoodIn.has(name)) continue;
    const before = why === undefined ? running.prepared.get(name) : undefined;
    const service = running.serviceOf(name);
    const after = prepareOptions(name, definition, { ...context, precedence: "environment" });
    problems.push(...after.problems.map((problem) => `${name}: ${problem}`));
    if (after.problems.length > 0) continue;
    if (before === undefined || after.skippedFor !== undefined) {
      changed.push(...comingOrGoing(name, definition, before, after));
      continue;
    }
    const changes = changesOf(name, definition, before, after, takesOwn(definition, service));
    changed.push(...changes);
    if (changes.every(({ effect }) => effect === "restart")) continue;
    const prepared = withFormer(after, before, changes);
    try {
      const putInForce = await ready(name, definition, service, prepared);
      steps.push({ name, prepared, putInForce });
    } catch (error) {
      if (!isServiceConfigurationError(error)) throw error;
      problems.push(...error.problems.map((problem) => `${name}: ${problem}`));
    }
  }
  if (problems.length > 0) throw new ServiceConfigurationError("services", problems);
  return { changed, commit: () => commit(steps, context) };
}

async function commit(
  steps: readonly Step[],
  { clock, logger }: Pick<ReloadContext, "clock" | "logger">,
): ReturnType<Reload["commit"]> {
  const inForce = new Map<string, Prepared>();
  const kept = new Set<string>();
  // Begun in one turn, so that no call sees one service with new settings and another with former ones.
  const begun = steps.map(({ name, prepared, putInForce }) => ({ name, prepared, done: begin(putInForce, clock) }));
  for (const { name, prepared, done } of begun) {
    try {
      await done;
      inForce.set(name, prepared);
    } catch (error) {
      kept.add(name);
      logger.warn({ err: error, service: name }, "the service could not take its new settings, and keeps the former");
    }
  }
  return { inForce, kept };
}

/** @throws What it throws; a TimeoutError where it takes too long. */
async function begin(putInForce: PutInForce | undefined, clock: Clock): Promise<void> {
  const giveUp = new AbortController();
  const timer = clock.setTimer(limitMs, () => {
    giveUp.abort(new DOMException(`its reload function did not end within ${limitMs} ms`, "TimeoutError"));
  });
  try {
    await untilAborted(Promise.resolve(putInForce?.(giveUp.signal)), giveUp.signal);
  } finally {
    timer.cancel();
  }
}

const nothing: Prepared = { options: {}, settings: { values: new Map(), problems: [], missing: [] }, problems: [] };

/** An optional service that is there now and was not, or the other way round: its place is taken at the start. */
function comingOrGoing(
  service: string,
  definition: AnyDefinition<unknown>,
  before: Prepared | undefined,
  after: Prepared,
): ReloadChange[] {
  if (before === undefined && after.skippedFor !== undefined) return [];
  if (definition.kind === "custom") {
    const now = after.skippedFor === undefined ? after : nothing;
    return changesOf(service, definition, before ?? nothing, now, false);
  }
  const shown = (prepared: Prepared | undefined): object | undefined => {
    const value = prepared?.options["baseUrl"];
    return value === undefined ? undefined : { value: shownSetting("baseUrl", value, url()) };
  };
  const [from, to] = [shown(before), shown(after.skippedFor === undefined ? after : undefined)] as {
    readonly value: string;
  }[];
  return [
    {
      service,
      option: "baseUrl",
      ...(from === undefined ? {} : { from: from.value }),
      ...(to === undefined ? {} : { to: to.value }),
      effect: "restart",
    },
  ];
}

/** Whether the service does something when its own settings change. */
function takesOwn(definition: AnyDefinition<unknown>, service: unknown): boolean {
  if (service instanceof RESTService) return service["onReload"] !== RESTService.prototype["onReload"];
  if (service instanceof WebSocketService) return service["onReload"] !== WebSocketService.prototype["onReload"];
  return definition.reload !== undefined && service !== undefined;
}

/** The new settings, but for those that only a restart can change: those stay what they are. */
function withFormer(after: Prepared, before: Prepared, changes: readonly ReloadChange[]): Prepared {
  const kept = changes.filter(({ effect }) => effect === "restart").map(({ option }) => option);
  if (kept.length === 0) return after;
  const values = new Map(after.settings.values);
  const sources = new Map(sourcesOf(after));
  const options: Record<PropertyKey, unknown> = { ...after.options, [optionSources]: sources };
  for (const option of kept) {
    options[option] = before.options[option];
    const source = sourcesOf(before).get(option);
    if (source === undefined) sources.delete(option);
    else sources.set(option, source);
    const value = before.settings.values.get(option);
    if (value === undefined) values.delete(option);
    else values.set(option, value);
  }
  return { ...after, options, settings: { ...after.settings, values } };
}

/** Makes a service of the new settings, which checks them, for the running one to take them over. */
async function ready(
  name: string,
  definition: AnyDefinition<unknown>,
  service: unknown,
  prepared: Prepared,
): Promise<Step["putInForce"]> {
  if (definition.kind === "custom") {
    return async (signal) => {
      await definition.reload?.(service, ownSettingsOf(prepared), { signal });
    };
  }
  const built = construct(name, definition as AnyDefinition<BaseExternalService>, prepared);
  if (built.kind === "wrong") throw new ServiceConfigurationError(name, built.problems);
  const fresh = built.service;
  try {
    if (service instanceof RESTService && fresh instanceof RESTService) return await service["~takeOver"](fresh);
    if (service instanceof WebSocketService && fresh instanceof WebSocketService)
      return await service["~takeOver"](fresh);
    return undefined;
  } finally {
    // It was never connected, and is not going to be.
    await fresh.close();
  }
}
