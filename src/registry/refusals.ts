import { ServiceUnavailableError } from "../core/errors.ts";
import { healthOutput } from "../core/health.ts";
import type { LifecycleState } from "../core/lifecycle.ts";
import type { LeftOut } from "./build-members.ts";

/** What to do, by the state of the registry. */
const refusals = {
  "not-started":
    "the registry is not started: await its start() before the first use, or put a fake in its place with override()",
  draining: "the registry is stopping: take what is needed before stop(), and await stop() before the next start()",
  stopped: "the registry was stopped: await its start() again, which makes fresh services",
} as const;

/** Why nothing is handed out, or changed, in this phase. */
export function refusedIn(phase: LifecycleState["phase"]): keyof typeof refusals {
  return phase === "draining" || phase === "stopped" ? phase : "not-started";
}

/** What is thrown where the registry is in no state for what is asked of it; its message says what to do. */
export function refusal(
  service: string,
  operation: string,
  reason: keyof typeof refusals,
  detail: string = refusals[reason],
  cause?: unknown,
): ServiceUnavailableError {
  return new ServiceUnavailableError(reason, {
    service,
    operation,
    phase: reason === "not-started" ? "start" : "close",
    outcome: "not-sent",
    retryable: reason === "not-started",
    detail,
    cause,
  });
}

/** Of a late service that is not up yet. */
export function notYet(name: string, lastError: unknown): string {
  const why = lastError === undefined ? "" : ` (last: ${healthOutput(lastError)})`;
  return `it is late, and not connected yet${why}: await services.ready("${name}"), or ask services.has("${name}") first`;
}

/** Of one that was not made, since a fake stood in for it then. */
export const stoodInDetail =
  "a fake stood in for it when the registry was started, and so it was not made: keep the fake for as long as the registry runs, or start the registry before the fake is put in its place";

/** Of one that a trial could not connect. */
export function notConnected(error: unknown): string {
  return `it could not be connected: ${healthOutput(error)}`;
}

/** Of one that a start with `only` has left alone. */
export function notChosenProblem(name: string): string {
  return `the registry was started without ${name}: stop() it, and name ${name} in start({ only }) as well`;
}

/** Of an optional service that was left out. */
export function leftOutProblem(name: string, why: LeftOut): string {
  return "variable" in why
    ? `it is optional, and was left out since ${why.variable} was not set: set it, or ask services.has("${name}") first`
    : `it is optional, and was left out since ${why.need}, which it needs, was: ask services.has("${name}") first`;
}
