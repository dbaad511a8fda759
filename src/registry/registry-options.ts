import { type Clock, type Random, systemClock, systemRandom } from "../core/clock.ts";
import type { Environment } from "../core/environment.ts";
import { isServiceConfigurationError } from "../core/errors.ts";
import type { ExternalServiceOptions } from "../core/external-service.ts";
import { defaultLogger, type Logger, silentLogger } from "../core/logger.ts";
import type { OptionReader } from "../core/options.ts";
import type { EnvironmentSource } from "./environment-from.ts";
import { type RESTServiceOptions, readRESTOptions } from "../rest/options.ts";
import { type CommonStreamOptions, readWebSocketOptions, type WebSocketServiceOptions } from "../websocket/options.ts";

/** Options for all services of one kind; what a definition or the environment says of one goes before. */
export interface ServiceDefaults {
  /** Whole options, not parts of them: a definition with a `retry` of its own has nothing of the one here. */
  readonly rest?: Omit<Partial<RESTServiceOptions>, "name" | "baseUrl"> | undefined;
  readonly ws?: Omit<Partial<CommonStreamOptions<never>>, "name" | "baseUrl" | "endpoints"> | undefined;
}

/** What a registry is given beside its services. */
export interface RegistryOptions<Env extends string = string>
  extends Pick<ExternalServiceOptions, "logger" | "clock" | "random"> {
  /**
   * Where settings come from: variables, or a function that reads them, such as `environmentFrom(".env")`, at each start
   * and each reload. @defaultValue `process.env`
   */
  readonly env?: EnvironmentSource<EnvironmentOf<Env>> | undefined;
  /** For all services of a kind: limits of the house, or the `dispatcher` of a test. @defaultValue none */
  readonly defaults?: ServiceDefaults | undefined;
  /**
   * For one `stop()` as a whole, and for the roll-back of a start. What is not closed by then is named in the error,
   * and not waited for. The close limits of the services, 5 s each unless told otherwise, should fit into it; so should
   * it into the time that the platform gives a process to end (Kubernetes: 30 s). Milliseconds, 0 or more.
   * @defaultValue 15000
   */
  readonly stopTimeoutMs?: number | undefined;
  readonly health?: RegistryHealthOptions | undefined;
}

export interface RegistryHealthOptions {
  /** How long an answer of `health()` is given again; 0 for never. Milliseconds. @defaultValue 1000 */
  readonly cacheMs?: number | undefined;
  /** For the check of one service that has no limit of its own. Milliseconds, at least 1. @defaultValue 5000 */
  readonly timeoutMs?: number | undefined;
}

export interface StopOptions {
  /** For the whole of it, instead of the registry's own. Milliseconds, 0 or more. */
  readonly timeoutMs?: number | undefined;
}

export interface ReloadOptions<Env extends string = string> {
  /** From now on, instead of where the start read from. */
  readonly env?: EnvironmentSource<EnvironmentOf<Env>> | undefined;
}

export interface DescribeOptions<Env extends string = string> {
  /** Of a registry that is not started: what it would be started with, instead of its own. */
  readonly env?: EnvironmentSource<EnvironmentOf<Env>> | undefined;
}

/** Variables by the names that a registry knows; one that nobody reads does not compile. */
export type EnvironmentOf<Env extends string> = { readonly [Name in Env]?: string | undefined };

/** What {@link RegistryOptions} come to. */
export interface RegistrySettings {
  readonly env: EnvironmentSource | undefined;
  /** For services that are not given their own; undefined where the registry was given none either. */
  readonly shared: Pick<ExternalServiceOptions, "logger" | "clock" | "random">;
  readonly defaults: Readonly<Record<"rest" | "ws", Readonly<Record<string, unknown>>>>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  readonly stopTimeoutMs: number;
  readonly healthCacheMs: number;
  readonly healthTimeoutMs: number;
}

/** Of a registry that is not told another. */
export const defaultStopTimeoutMs = 15_000;

/** Reads them; `reader.finish()` reports what is wrong, after what the caller finds. */
export function readRegistryOptions(reader: OptionReader): RegistrySettings {
  const logger = reader.withMethods<Logger>("logger", ["debug", "info", "warn", "error", "child"]);
  const random = reader.function<Random>("random");
  const clock = reader.withMethods<Clock>("clock", ["now", "wallNow", "setTimer"]);
  const defaults = reader.group("defaults");
  const health = reader.group("health");
  const settings = {
    env: readSource(reader),
    shared: { logger, clock, random },
    defaults: { rest: readDefaults(defaults, "rest"), ws: readDefaults(defaults, "ws") },
    logger: logger ?? defaultLogger(),
    clock: clock ?? systemClock,
    random: random ?? systemRandom,
    stopTimeoutMs: reader.number("stopTimeoutMs", defaultStopTimeoutMs, { min: 0 }),
    healthCacheMs: health.number("cacheMs", 1_000, { min: 0 }),
    healthTimeoutMs: health.number("timeoutMs", 5_000, { min: 1 }),
  };
  defaults.rejectUnknown();
  health.rejectUnknown();
  return settings;
}

/** Reads `env`. */
export function readSource(reader: OptionReader): EnvironmentSource | undefined {
  const given = reader.any("env");
  if (given === undefined || typeof given === "function") return given as EnvironmentSource | undefined;
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return given as Environment;
  reader.problem("env must be an object of variables, or a function that gives one");
  return undefined;
}

/** Options of a scope over those of the registry that it is a scope of. */
export function withOptions<Env extends string>(
  outer: RegistryOptions<Env>,
  inner: RegistryOptions<Env>,
): RegistryOptions<Env> {
  if (!isGroup(inner)) return inner;
  const { rest, ws } = inner.defaults ?? {};
  const defaults = over(outer.defaults, inner.defaults);
  return {
    ...over(outer, inner),
    health: over(outer.health, inner.health),
    // What is no object is left for the check of the whole to find.
    defaults: isGroup(defaults)
      ? { ...defaults, rest: over(outer.defaults?.rest, rest), ws: over(outer.defaults?.ws, ws) }
      : defaults,
  };
}

/** What is given as undefined is not given. */
function over<T>(outer: T, inner: T): T {
  if (!isGroup(inner)) return inner ?? outer;
  return { ...outer, ...Object.fromEntries(Object.entries(inner).filter(([, value]) => value !== undefined)) };
}

/** Whether it is an object of named values. */
export const isGroup = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What the services of this kind would say of them, said before there is any. */
function readDefaults(reader: OptionReader, kind: "rest" | "ws"): Readonly<Record<string, unknown>> {
  const given = reader.any(kind) ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    reader.problem(`defaults.${kind} must be an object of options`);
    return {};
  }
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  for (const option of ["name", "baseUrl", "endpoints"].filter((one) => one in options)) {
    reader.problem(`defaults.${kind}.${option} is that of one service: give it to its definition`);
    delete options[option];
  }
  try {
    const probe = { logger: silentLogger, ...options, name: kind };
    if (kind === "rest") readRESTOptions({ ...probe, baseUrl: "https://x.invalid" }, kind);
    else readWebSocketOptions({ ...probe, baseUrl: "wss://x.invalid" } as WebSocketServiceOptions<never>, kind);
  } catch (error) {
    if (!isServiceConfigurationError(error)) throw error;
    for (const said of error.problems) reader.problem(said.replace(/^(unknown option )?/, `$1defaults.${kind}.`));
  }
  return options;
}
