import { constants } from "node:os";
import { type Clock, systemClock } from "../core/clock.ts";
import { defaultLogger, type Logger } from "../core/logger.ts";
import { OptionReader } from "../core/options.ts";

/** What is stopped; each `defineServices` result fits. */
export interface StoppableServices {
  stop(options: { readonly timeoutMs: number }): Promise<unknown>;
}

/** What an operating system may ask a process to end with. */
export type StopSignal = "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGQUIT" | "SIGUSR2" | "SIGBREAK";

// Not those that the system has: SIGBREAK is Windows' alone, and no process can listen to SIGKILL.
const stopSignals: readonly StopSignal[] = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR2", "SIGBREAK"];

export interface StopOnSignalsOptions {
  /** @defaultValue SIGTERM, which platforms send, and SIGINT, which is Ctrl-C */
  readonly signals?: readonly StopSignal[] | undefined;
  /**
   * From the signal to the end of the process, in all: a little less than the platform gives (Kubernetes 30 s, Docker
   * 10 s). Two thirds of it are for `before`. Milliseconds, at least 1. @defaultValue 25000
   */
  readonly timeoutMs?: number | undefined;
  /**
   * What must be done while the services still work: `() => app.close()`, for the requests under way. Should it throw,
   * or take too long, the services are stopped all the same. @defaultValue nothing
   */
  readonly before?: ((context: { readonly received: StopSignal }) => unknown) | undefined;
  /** @defaultValue pino where it is installed, else JSON lines on standard error */
  readonly logger?: Logger | undefined;
  /** @defaultValue the system's */
  readonly clock?: Clock | undefined;
  /** Ends the process where it does not end by itself. @defaultValue `process.exit` */
  readonly exit?: ((code: number) => void) | undefined;
}

type Settings = ReturnType<typeof readOptions>;

/**
 * Stops services when the platform asks the process to end: at the first signal, `before` is run, then all registries
 * are stopped at the same time, and then the process ends by itself, with code 0, or 1 where something failed. What
 * holds it up past `timeoutMs` is told to the log, and the process ended. A second signal ends it at once.
 *
 * @returns What takes the listeners back when it is disposed; once all is stopped they are gone by themselves.
 * @throws ServiceConfigurationError with every problem of the options at once.
 */
export function stopOnSignals(
  services: StoppableServices | readonly StoppableServices[],
  options: StopOnSignalsOptions = {},
): Disposable {
  const settings = readOptions(services, options);
  let isStopping = false;
  const onSignal = (received: NodeJS.Signals): void => {
    if (!isStopping) void shutDown(received as StopSignal, settings).finally(dispose);
    // With what a shell reports of a process that a signal ended.
    else settings.exit(128 + constants.signals[received]);
    isStopping = true;
  };
  const dispose = (): void => {
    for (const signal of settings.signals) process.off(signal, onSignal);
  };
  for (const signal of settings.signals) process.on(signal, onSignal);
  return { [Symbol.dispose]: dispose };
}

async function shutDown(received: StopSignal, settings: Settings): Promise<void> {
  const { registries, timeoutMs, before, logger, clock } = settings;
  const endsAt = clock.now() + timeoutMs;
  const left = (): number => Math.max(0, endsAt - clock.now());
  logger.info({ signal: received, timeoutMs }, "stopping: the process was asked to end");
  try {
    await within((timeoutMs * 2) / 3, clock, async () => before?.({ received }));
  } catch (error) {
    failed(settings, error, "what was to be done before the services stop failed");
  }
  const stopped = await Promise.allSettled(registries.map(async (registry) => registry.stop({ timeoutMs: left() })));
  for (const one of stopped) if (one.status === "rejected") failed(settings, one.reason, "services did not stop well");
  logger.info({ signal: received, durationMs: Math.round(timeoutMs - left()) }, "stopped");
  endLate(left(), settings);
}

/** @throws What `work` throws; a TimeoutError when it takes too long. */
async function within(limitMs: number, clock: Clock, work: () => Promise<unknown>): Promise<void> {
  const over = Promise.withResolvers<never>();
  const timer = clock.setTimer(limitMs, () => {
    over.reject(new DOMException(`it did not end within ${Math.round(limitMs)} ms`, "TimeoutError"));
  });
  try {
    await Promise.race([work(), over.promise]);
  } finally {
    timer.cancel();
  }
}

function failed({ logger }: Settings, err: unknown, message: string): void {
  process.exitCode = 1;
  logger.error({ err }, message);
}

/** A process that has nothing left to do is gone before; the timer does not hold it up. */
function endLate(delayMs: number, { clock, logger, exit }: Settings): void {
  const timer = clock.setTimer(delayMs, () => {
    logger.warn({ resources: process.getActiveResourcesInfo() }, "something holds the process up, and it is ended");
    exit(Number(process.exitCode ?? 0));
  });
  timer.unref();
}

function readOptions(services: StoppableServices | readonly StoppableServices[], options: StopOnSignalsOptions) {
  const reader = new OptionReader("stopOnSignals", options);
  const registries: readonly StoppableServices[] = [services].flat();
  const isEach = registries.every((one: Partial<StoppableServices> | undefined) => typeof one?.stop === "function");
  if (registries.length === 0 || !isEach) reader.problem("it needs a registry, or an array of them");
  const signals = reader.any("signals") ?? ["SIGTERM", "SIGINT"];
  const isKnown = Array.isArray(signals) && signals.every((one) => stopSignals.includes(one as StopSignal));
  if (!isKnown || signals.length === 0) reader.problem(`signals must be an array of ${stopSignals.join(", ")}`);
  const settings = {
    registries,
    signals: signals as readonly StopSignal[],
    timeoutMs: reader.number("timeoutMs", 25_000, { min: 1 }),
    before: reader.function<NonNullable<StopOnSignalsOptions["before"]>>("before"),
    logger: reader.withMethods<Logger>("logger", ["debug", "info", "warn", "error", "child"]) ?? defaultLogger(),
    clock: reader.withMethods<Clock>("clock", ["now", "wallNow", "setTimer"]) ?? systemClock,
    exit: reader.function<(code: number) => void>("exit") ?? ((code: number) => process.exit(code)),
  };
  reader.finish();
  return settings;
}
