import type { Clock } from "../core/clock.ts";
import { type HealthReport, type HealthStatus, hasStatus } from "../core/health.ts";
import type { AnyDefinition } from "./definition.ts";
import type { HealthCheck } from "./registry-health.ts";
import { type Whereabouts, whyNot } from "./whereabouts.ts";

/** Where a service is when its health is asked for. */
export interface ServiceNow {
  readonly where: Whereabouts;
  /** Whether the registry is. */
  readonly isRunning: boolean;
  /** Itself, or its fake; throws where there is neither. */
  readonly find: () => unknown;
  readonly clock: Clock;
  /** Where its definition says nothing. */
  readonly healthTimeoutMs: number;
}

/** The check of one service, as it is defined. */
export function checkOf(name: string, definition: AnyDefinition<unknown>, now: ServiceNow): HealthCheck {
  const { isCritical, health } = definition;
  const { where, isRunning, find, clock, healthTimeoutMs } = now;
  return {
    // Where nothing runs, nothing can be used, however little it matters.
    isCritical: isCritical || !(isRunning || where.at === "faked"),
    timeoutMs: definition.healthTimeoutMs ?? healthTimeoutMs,
    check: (signal) => {
      if (where.at === "faked") return healthOf(name, find(), { signal, clock, state: "overridden" });
      const status = statusWithout(where, isCritical);
      if (status === undefined) return healthOf(name, find(), { signal, clock, health, state: "ready" });
      const state = where.at === "awaited" ? "starting" : "not started";
      return Promise.resolve(plainReport(name, clock, { status, state, output: whyNot(name, where).detail ?? "" }));
    },
  };
}

/** What is known without asking, of one that cannot be had though the registry runs. */
function statusWithout({ at }: Whereabouts, isCritical: boolean): HealthStatus | undefined {
  if (at === "failed") return "fail";
  // That it was not to be started is no failure, however much it matters to others.
  if (at === "not chosen") return "warn";
  return at === "awaited" ? (isCritical ? "fail" : "warn") : undefined;
}

interface HealthParts {
  readonly health?: AnyDefinition<unknown>["health"];
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly state: string;
}

/** By the `health` of the definition, by the service's own `checkHealth()`, or, where there is neither, well. */
function healthOf(name: string, service: unknown, parts: HealthParts): Promise<HealthReport> {
  const { health, signal } = parts;
  const own = (service ?? {}) as { readonly checkHealth?: unknown };
  if (health !== undefined || typeof own.checkHealth !== "function") return healthByFunction(name, service, parts);
  // It need not be one of ours, and make a promise.
  return Promise.resolve((own as { checkHealth(options: object): Promise<HealthReport> }).checkHealth({ signal }));
}

async function healthByFunction(
  name: string,
  service: unknown,
  { health, signal, clock, state }: HealthParts,
): Promise<HealthReport> {
  const startedAt = clock.now();
  const said = await health?.(service, { signal });
  const latencyMs = Math.round(clock.now() - startedAt);
  const report = { ...plainReport(name, clock, { status: "pass", state }), latencyMs };
  const told = typeof said === "string" ? { status: said } : (said ?? {});
  if (said === undefined || hasStatus(told)) return { ...report, ...told, service: name };
  const output = "its health function must return pass, warn or fail, an object with such a status, or nothing";
  return { ...report, status: "fail", output };
}

/** What is known without asking. */
function plainReport(
  service: string,
  clock: Clock,
  facts: { readonly status: HealthStatus; readonly state: string; readonly output?: string },
): HealthReport {
  return { service, latencyMs: 0, time: new Date(clock.wallNow()).toISOString(), ...facts };
}
