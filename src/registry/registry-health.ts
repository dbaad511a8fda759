import type { Clock } from "../core/clock.ts";
import { type HealthReport, type HealthStatus, healthOutput, worstStatus } from "../core/health.ts";

/** How all services of a registry are. The fields of each are those of health+json. */
export interface RegistryHealth<Name extends string = string> {
  /** The worst of all; `pass` where there are none. Liveness must not depend on it: a restart here mends nothing there. */
  readonly status: HealthStatus;
  /** One report for each service that was not skipped. */
  readonly services: Readonly<Partial<Record<Name, HealthReport>>>;
}

/** One service that is to be checked; throws where it cannot even be had. */
export type HealthCheck = (signal: AbortSignal) => Promise<HealthReport>;

/** Of one check; the others do not wait for it. */
const limitMs = 5_000;

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
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => undefined);
  const onAbort = (): void => aborted.reject(run.signal?.reason);
  run.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const all = [...checks].map(async ([name, check]) => [name, await checkOne(name, check, run)] as const);
    const reports = await Promise.race([Promise.all(all), aborted.promise]);
    const services = Object.fromEntries(reports) as Partial<Record<Name, HealthReport>>;
    return { status: worstStatus(reports.map(([, { status }]) => status)), services };
  } finally {
    run.signal?.removeEventListener("abort", onAbort);
  }
}

async function checkOne(
  service: string,
  check: HealthCheck,
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
  signal?.addEventListener("abort", onAbort, { once: true });
  const late = Promise.withResolvers<HealthReport>();
  const timer = clock.setTimer(limitMs, () => {
    late.resolve(failed("unknown", `the check did not end within ${limitMs} ms`));
    stop.abort(new DOMException("the limit of a health check passed", "TimeoutError"));
  });
  try {
    const checked = check(stop.signal).catch((error: unknown) => failed("unknown", healthOutput(error)));
    return await Promise.race([checked, late.promise]);
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", onAbort);
  }
}
