import { listenToAbort, unlistenToAbort } from "../core/abort-listeners.ts";
import type { Clock } from "../core/clock.ts";
import { type HealthReport, type HealthStatus, healthOutput } from "../core/health.ts";
import { untilAborted } from "./until-aborted.ts";

/** How all services of a registry are. The fields of each are those of health+json. */
export interface RegistryHealth<Name extends string = string> {
  /**
   * `fail` where a critical service is, or the registry does not run; `warn` where any other is not `pass`. Fit for
   * readiness, and never for liveness: a restart here mends nothing there.
   */
  readonly status: HealthStatus;
  /** One report for each service that was not left out. */
  readonly services: Readonly<Partial<Record<Name, HealthReport>>>;
}

/** One service that is to be checked. */
export interface HealthCheck {
  /** Whether that it fails is a failure of the whole. */
  readonly isCritical: boolean;
  /** For this check; the others do not wait for it. */
  readonly timeoutMs: number;
  /** Throws where the service cannot even be had. */
  readonly check: (signal: AbortSignal) => Promise<HealthReport>;
}

/**
 * Runs all checks at the same time. One that throws, or hangs, is `fail` in its own report, and hides no other.
 *
 * @throws The signal's reason, as soon as it aborts.
 */
export async function checkAll<Name extends string>(
  checks: ReadonlyMap<Name, HealthCheck>,
  run: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
): Promise<RegistryHealth<Name>> {
  run.signal?.throwIfAborted();
  const all = [...checks].map(async ([name, check]) => [name, await checkOne(name, check, run)] as const);
  const reports = await untilAborted(Promise.all(all), run.signal);
  const services = Object.fromEntries(reports) as Partial<Record<Name, HealthReport>>;
  const isCritical = (name: Name): boolean => checks.get(name)?.isCritical === true;
  return { status: overallStatus(reports.map(([name, { status }]) => [status, isCritical(name)])), services };
}

/** That of all: one that is down must not take every replica out of service, unless it is said to be critical. */
function overallStatus(statuses: readonly (readonly [status: HealthStatus, isCritical: boolean])[]): HealthStatus {
  if (statuses.some(([status, isCritical]) => isCritical && status === "fail")) return "fail";
  return statuses.every(([status]) => status === "pass") ? "pass" : "warn";
}

async function checkOne(
  service: string,
  { check, timeoutMs }: HealthCheck,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
): Promise<HealthReport> {
  const startedAt = clock.now();
  const failed = (state: string, output: string): HealthReport => ({
    service,
    status: "fail",
    latencyMs: Math.round(clock.now() - startedAt),
    state,
    time: new Date(clock.wallNow()).toISOString(),
    output,
  });
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal?.reason);
  if (signal !== undefined) listenToAbort(signal, onAbort);
  const late = Promise.withResolvers<HealthReport>();
  const timer = clock.setTimer(timeoutMs, () => {
    late.resolve(failed("unknown", `the check did not end within ${timeoutMs} ms`));
    stop.abort(new DOMException("the limit of a health check passed", "TimeoutError"));
  });
  try {
    const checked = check(stop.signal).catch((error: unknown) => failed("unknown", healthOutput(error)));
    return await Promise.race([checked, late.promise]);
  } finally {
    timer.cancel();
    if (signal !== undefined) unlistenToAbort(signal, onAbort);
  }
}
