import { listenToAbort, unlistenToAbort } from "../core/abort-listeners.ts";
import type { Clock } from "../core/clock.ts";
import { type HealthReport, type HealthStatus, hasStatus, healthOutput } from "../core/health.ts";
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
 * Runs all checks at the same time; each is taken when the one before it has begun, and not kept. One that throws, or
 * hangs, is `fail` in its own report, and hides no other.
 *
 * @param checks - to take one must not throw.
 * @throws The signal's reason, as soon as it aborts.
 */
export async function checkAll<Name extends string>(
  checks: Iterable<readonly [Name, HealthCheck]>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
): Promise<RegistryHealth<Name>> {
  signal?.throwIfAborted();
  const ended = await untilAborted(allEnded(checks, clock, signal), signal);
  return {
    status: overallStatus(ended),
    services: Object.fromEntries(
      ended.map(({ service, report }) => [service, report]),
    ) as RegistryHealth<Name>["services"],
  };
}

/** That of all: one that is down must not take every replica out of service, unless it is said to be critical. */
function overallStatus(ended: readonly RunningCheck[]): HealthStatus {
  if (ended.some(({ isCritical, report }) => isCritical && report?.status === "fail")) return "fail";
  return ended.every(({ report }) => report?.status === "pass") ? "pass" : "warn";
}

/**
 * All of them, once each has its report. They are held until then, and copied by whatever collection of garbage comes
 * meanwhile: so there is one timer for each limit, one listener, and of each check little more than its own promise.
 */
async function allEnded(
  checks: Iterable<readonly [string, HealthCheck]>,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<readonly RunningCheck[]> {
  const running: RunningCheck[] = [];
  const over = Promise.withResolvers<void>();
  // One more than have begun, until all have.
  let left = 1;
  const onEnd = (): void => {
    if (--left === 0) over.resolve();
  };
  const onAbort = (): void => {
    for (const one of running) one.stop(signal?.reason);
  };
  if (signal !== undefined) listenToAbort(signal, onAbort);
  for (const [name, check] of checks) {
    left++;
    const one = new RunningCheck(name, check, clock, onEnd);
    running.push(one);
    // One before it may have ended the wait.
    if (signal?.aborted === true) one.stop(signal.reason);
    one.begin(check);
  }
  // Not before all are begun: one whose function blocks must not use up the time of those after it.
  const timers = [...Map.groupBy(running, ({ timeoutMs }) => timeoutMs)].map(([timeoutMs, those]) =>
    clock.setTimer(timeoutMs, () => {
      for (const one of those) one.giveUp();
    }),
  );
  onEnd();
  await over.promise;
  for (const timer of timers) timer.cancel();
  if (signal !== undefined) unlistenToAbort(signal, onAbort);
  return running;
}

/** One check from its begin to its report, which is its own, or that of its limit, whatever comes first. */
class RunningCheck {
  readonly service: string;
  readonly isCritical: boolean;
  readonly timeoutMs: number;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #onEnd: () => void;
  readonly #stop = new AbortController();
  #report: HealthReport | undefined;

  constructor(service: string, { isCritical, timeoutMs }: HealthCheck, clock: Clock, onEnd: () => void) {
    this.service = service;
    this.isCritical = isCritical;
    this.timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#onEnd = onEnd;
  }

  /** Undefined until it has ended. */
  get report(): HealthReport | undefined {
    return this.#report;
  }

  /** Ends with its report, whatever the check does; never throws. */
  begin({ check }: HealthCheck): void {
    const onError = (error: unknown): void => this.#end(this.#failed(healthOutput(error)));
    try {
      const onReport = (told: HealthReport): void =>
        this.#end(hasStatus(told) ? told : this.#failed("its checkHealth() must tell pass, warn or fail"));
      check(this.#stop.signal).then(onReport, onError);
    } catch (error) {
      onError(error);
    }
  }

  /** The limit has passed. */
  giveUp(): void {
    if (this.#report !== undefined) return;
    this.#end(this.#failed(`the check did not end within ${this.timeoutMs} ms`));
    this.#stop.abort(new DOMException("the limit of a health check passed", "TimeoutError"));
  }

  /** Nobody waits for it any more. */
  stop(reason: unknown): void {
    if (this.#report === undefined) this.#stop.abort(reason);
  }

  #end(report: HealthReport): void {
    if (this.#report !== undefined) return;
    this.#report = report;
    this.#onEnd();
  }

  #failed(output: string): HealthReport {
    return {
      service: this.service,
      status: "fail",
      latencyMs: Math.round(this.#clock.now() - this.#startedAt),
      state: "unknown",
      time: new Date(this.#clock.wallNow()).toISOString(),
      output,
    };
  }
}
