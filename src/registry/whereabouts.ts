import { ServiceConfigurationError } from "../core/errors.ts";
import type { LifecycleState } from "../core/lifecycle.ts";
import type { LeftOut } from "./build-members.ts";
import type { AnyDefinition } from "./definition.ts";
import type { Instances } from "./instances.ts";
import {
  leftOutProblem,
  notChosenProblem,
  notConnected,
  notYet,
  refusal,
  refusedIn,
  stoodInDetail,
} from "./refusals.ts";

/** Where one service of a registry is. */
export type Whereabouts =
  | { readonly at: "faked"; readonly fake: unknown }
  | { readonly at: "up"; readonly service: unknown }
  /** By the current run, else by the last one. */
  | { readonly at: "left out"; readonly why: LeftOut }
  /** Not made, since a fake stood in for it at the start; there is none any more. */
  | { readonly at: "unmade" }
  /** The start that made the run had not to start it. */
  | { readonly at: "not chosen" }
  /** In a trial: what it was tried with failed. */
  | { readonly at: "failed"; readonly error: unknown }
  /** Late, and not up yet. */
  | { readonly at: "awaited"; readonly lastError: unknown }
  /** The registry does not run, or not yet. */
  | { readonly at: "off" };

/** What is known of a registry where one of its services is asked for. */
export interface Surroundings {
  readonly phase: LifecycleState["phase"];
  /** Of the current run, else of the last that was up. */
  readonly instances: Instances | undefined;
  readonly fakeOf: (name: string) => { readonly fake: unknown } | undefined;
}

/** Looks for a service that is defined. */
export function whereIs(name: string, { isLate }: AnyDefinition<unknown>, around: Surroundings): Whereabouts {
  const { phase, instances, fakeOf } = around;
  const override = fakeOf(name);
  if (override !== undefined) return { at: "faked", fake: override.fake };
  const isRunning = phase === "starting" || phase === "ready";
  // First, since nearly every service that is asked for is; one that is left out or unmade never is.
  if (isRunning && instances?.run.isUp(name) === true) return { at: "up", service: instances.serviceOf(name) };
  const why = instances?.leftOut.get(name);
  if (why !== undefined) return { at: "left out", why };
  if (instances?.stoodIn.has(name) === true) return { at: "unmade" };
  if (phase === "ready" && instances?.isChosen(name) === false) return { at: "not chosen" };
  if (phase === "ready" && instances?.isTrial === true) return { at: "failed", error: instances.run.openError(name) };
  if (phase === "ready" && isLate) return { at: "awaited", lastError: instances?.run.openError(name) };
  return { at: "off" };
}

/**
 * The service, or its fake.
 *
 * @throws ServiceConfigurationError where it was left out; ServiceUnavailableError where it is not there now.
 */
export function taken(name: string, where: Whereabouts, phase: LifecycleState["phase"]): unknown {
  if (where.at === "faked") return where.fake;
  if (where.at === "up") return where.service;
  if (where.at === "left out" && phase === "ready") {
    throw new ServiceConfigurationError(name, [leftOutProblem(name, where.why)]);
  }
  const { detail, cause } = phase === "ready" ? whyNot(name, where) : {};
  throw refusal(name, `services.get("${name}")`, refusedIn(phase), detail, cause);
}

/** What to tell of one that is not up while the registry is. */
export function whyNot(name: string, where: Whereabouts): { readonly detail?: string; readonly cause?: unknown } {
  if (where.at === "awaited") return { detail: notYet(name, where.lastError), cause: where.lastError };
  if (where.at === "not chosen") return { detail: notChosenProblem(name) };
  if (where.at === "failed") return { detail: notConnected(where.error), cause: where.error };
  return where.at === "unmade" ? { detail: stoodInDetail } : {};
}
