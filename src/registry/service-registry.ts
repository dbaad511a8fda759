import { type Clock, systemClock } from "../core/clock.ts";
import { ServiceConfigurationError, ServiceUnavailableError } from "../core/errors.ts";
import type { BaseExternalService, ExternalServiceOptions } from "../core/external-service.ts";
import type { HealthReport } from "../core/health.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import { defaultLogger, type Logger } from "../core/logger.ts";
import { OptionReader } from "../core/options.ts";
import { buildService } from "./build.ts";
import type { AnyDefinition } from "./definition.ts";
import { definitionProblems } from "./definition-problems.ts";
import { Overrides } from "./overrides.ts";
import { checkAll, type HealthCheck, type RegistryHealth } from "./registry-health.ts";
import { closeInReverse, connectInOrder } from "./sequence.ts";
import type { ServiceCall } from "../rest/service-call.ts";
import { type Environment, processEnvironment } from "../core/environment.ts";

/** The services of an application, by name. */
export type ServiceMap = Readonly<Record<string, unknown>>;

/** Definitions by name. */
export type ServiceDefinitions = Readonly<Record<string, AnyDefinition<unknown>>>;

/** The services that definitions make, by name. */
export type ServicesOf<D extends ServiceDefinitions> = {
  readonly [N in keyof D]: D[N] extends AnyDefinition<infer T> ? T : never;
};

/** What a registry is given beside its services. */
export interface RegistryOptions<Env extends string = string>
  extends Pick<ExternalServiceOptions, "logger" | "clock" | "random"> {
  /** Where settings come from. @defaultValue `process.env`, read when it starts */
  readonly env?: EnvironmentOf<Env> | undefined;
}

/** Variables by the names that a registry knows; one that nobody reads does not compile. */
export type EnvironmentOf<Env extends string> = { readonly [Name in Env]?: string | undefined };

export interface StartOptions<Env extends string = string> {
  /** Gives the start up; its reason is thrown unchanged. Where a start is under way already, its own signal counts. */
  readonly signal?: AbortSignal | undefined;
  /** Instead of the registry's own. */
  readonly env?: EnvironmentOf<Env> | undefined;
}

/**
 * What can stand in for a service: any of its public members, or all of them.
 *
 * Not the class itself, since a class with `#private` fields is satisfied by its own instances alone, and every fake
 * would need a cast. Not all members either: a test that calls `createPayment` need not invent the other thirty.
 */
export type Fake<T> = { readonly [K in keyof T]?: FakeMember<T[K]> };

/** A fake's method may return a plain promise where the service's own returns a call, which also has `safe()`. */
export type FakeMember<M> = M extends (...args: infer Args) => ServiceCall<infer Value, infer _>
  ? (...args: Args) => PromiseLike<Value>
  : M;

/** Stand-ins by the names of the services that they replace. */
export type Fakes<S> = { readonly [N in keyof S]?: Fake<S[N]> | undefined };

/**
 * Services by name, typed: started in the order of their definitions, stopped in reverse. Routes, jobs and tests take
 * them from here. Stopped, it may be started again, with fresh services.
 */
export class ServiceRegistry<S extends ServiceMap = ServiceMap, Env extends string = string>
  implements AsyncDisposable
{
  /** Of the types alone: the variables that it may read. See `EnvOf`. */
  declare readonly "~environment"?: Env;
  /** In the order in which they start. */
  readonly names: readonly (keyof S & string)[];
  readonly #definitions: ReadonlyMap<string, AnyDefinition<BaseExternalService>>;
  readonly #env: Environment | undefined;
  readonly #shared: Pick<ExternalServiceOptions, "logger" | "clock" | "random">;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #overrides = new Overrides();
  /** Of the current run: a lifecycle does not go back, so each start after a stop has a new one. */
  #lifecycle = newLifecycle();
  /** All services of the current run. */
  #services: ReadonlyMap<string, BaseExternalService> = new Map();
  /** Those of them that are connected, and may be handed out. */
  readonly #connected = new Set<string>();
  /** Those that are optional and were left out, with the variable that was missing. */
  #skipped: ReadonlyMap<string, string> = new Map();

  /** @throws ServiceConfigurationError with every problem of the definitions and options at once. */
  constructor(definitions: ServiceDefinitions, options: RegistryOptions<Env> = {}) {
    const problems: string[] = [];
    const reader = new OptionReader("services", options, "", problems);
    const logger = reader.withMethods<Logger>("logger", ["debug", "info", "warn", "error", "child"]);
    this.#shared = { logger, clock: reader.any("clock") as Clock | undefined, random: reader.function("random") };
    this.#env = reader.any("env") as Environment | undefined;
    this.#clock = reader.withMethods<Clock>("clock", ["now", "wallNow", "setTimer"]) ?? systemClock;
    this.#definitions = new Map(Object.entries(definitions)) as Map<string, AnyDefinition<BaseExternalService>>;
    this.names = [...this.#definitions.keys()];
    problems.push(...definitionProblems(this.#definitions));
    reader.finish();
    this.#logger = logger ?? defaultLogger();
  }

  /**
   * Reads the settings, makes all services and connects them, one after the other. A second call joins the first.
   *
   * @throws ServiceConfigurationError with every problem of all services at once, before any I/O; what the first
   * service threw that could not be connected, after those before it were closed again; ServiceUnavailableError
   * `unavailable-draining` while it stops; the signal's reason.
   */
  async start(options: StartOptions<Env> = {}): Promise<this> {
    options.signal?.throwIfAborted();
    if (this.#lifecycle.phase === "draining") throw this.#refusal("services", "services.start", "draining");
    if (this.#lifecycle.phase === "stopped") this.#lifecycle = newLifecycle();
    await this.#lifecycle.start((stopping) => this.#open(stopping, options));
    return this;
  }

  /**
   * The service under this name, or what stands in for it.
   *
   * @throws ServiceConfigurationError for a name that is not registered, or was left out for want of its URL;
   * ServiceUnavailableError `unavailable-not-started | unavailable-draining | unavailable-stopped`.
   */
  get<N extends keyof S & string>(name: N): S[N] {
    return this.#find(name) as S[N];
  }

  /** A function that asks {@link ServiceRegistry.get} each time; to be made anywhere, also before the start. */
  provider<N extends keyof S & string>(name: N): () => S[N] {
    this.#assertKnown([name]);
    return () => this.get(name);
  }

  /** Whether there is such a service, and it was not left out. */
  has(name: string): name is keyof S & string {
    return this.#definitions.has(name) && (!this.#skipped.has(name) || this.#overrides.find(name) !== undefined);
  }

  /** Every service that {@link ServiceRegistry.get} would hand out now, by name and in order. */
  *entries(): IterableIterator<[name: keyof S & string, service: S[keyof S & string]]> {
    for (const name of this.names) {
      if (this.#connected.has(name) || this.#overrides.find(name) !== undefined) yield [name, this.get(name)];
    }
  }

  /**
   * Puts stand-ins in the place of services, in the whole process, until what it returns is called or disposed. Needs
   * no start. Several may hold at once, the latest winning, and each takes back only itself.
   *
   * For tests that run one after the other; {@link ServiceRegistry.with} is for those that run side by side.
   *
   * @throws ServiceConfigurationError for a name that is not registered.
   */
  override(fakes: Fakes<S>): (() => void) & Disposable {
    const restore = this.#overrides.add(this.#checkedFakes(fakes));
    return Object.assign(restore, { [Symbol.dispose]: restore });
  }

  /** Runs `work`; within it and all that it awaits, and nowhere else, the stand-ins hold. @throws as `override`. */
  async with<T>(fakes: Fakes<S>, work: () => T | PromiseLike<T>): Promise<T> {
    return this.#overrides.run(this.#checkedFakes(fakes), work);
  }

  /**
   * Checks all services at the same time, each for at most 5 s. Reports and does not throw, whatever they do.
   *
   * @throws The signal's reason.
   */
  health(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<RegistryHealth<keyof S & string>> {
    const checks = new Map(this.names.filter((name) => this.has(name)).map((name) => [name, this.#checkOf(name)]));
    return checkAll<keyof S & string>(checks, { clock: this.#clock, signal: options.signal });
  }

  /**
   * Closes all services, the last one first; each lets its calls end within its own limit. Idempotent, and safe in
   * every state; a start under way is given up.
   *
   * @throws ServiceStopError where some could not be closed, after all were tried.
   */
  async stop(): Promise<void> {
    if (this.#lifecycle.phase === "idle") return;
    await this.#lifecycle.stop(async () => {
      const services = this.#services;
      this.#services = new Map();
      this.#connected.clear();
      await closeInReverse(services);
      this.#logger.info({ services: [...services.keys()] }, "services stopped");
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #open(stopping: AbortSignal, { signal, env }: StartOptions<Env>): Promise<void> {
    const startedAt = this.#clock.now();
    const services = this.#build(env ?? this.#env ?? processEnvironment());
    this.#services = services;
    try {
      await connectInOrder(services, {
        signal: signal === undefined ? stopping : AbortSignal.any([stopping, signal]),
        logger: this.#logger,
        onConnected: (name) => void this.#connected.add(name),
      });
    } catch (error) {
      this.#services = new Map();
      this.#connected.clear();
      throw stopping.aborted ? this.#refusal("services", "services.start", "draining") : error;
    }
    const durationMs = Math.round(this.#clock.now() - startedAt);
    this.#logger.info({ services: [...services.keys()], durationMs }, "services started");
  }

  #build(env: Environment): Map<string, BaseExternalService> {
    const services = new Map<string, BaseExternalService>();
    const skipped = new Map<string, string>();
    const problems: string[] = [];
    for (const [name, definition] of this.#definitions) {
      const built = buildService(name, definition, { env, precedence: "environment", shared: this.#shared });
      if (built.kind === "service") services.set(name, built.service);
      else if (built.kind === "skipped") skipped.set(name, built.variable);
      else problems.push(...built.problems.map((problem) => `${name}: ${problem}`));
    }
    if (problems.length > 0) throw new ServiceConfigurationError("services", problems);
    for (const [name, variable] of skipped) {
      this.#logger.info({ service: name, variable }, "optional service left out: its URL is not set");
    }
    this.#skipped = skipped;
    return services;
  }

  #find(name: string): unknown {
    const override = this.#overrides.find(name);
    if (override !== undefined) return override.fake;
    this.#assertKnown([name]);
    if (this.#connected.has(name)) return this.#services.get(name);
    const variable = this.#skipped.get(name);
    const { phase } = this.#lifecycle;
    if (variable !== undefined && phase === "ready") {
      throw new ServiceConfigurationError(name, [
        `it is optional, and was left out since ${variable} was not set: set it, or ask services.has("${name}") first`,
      ]);
    }
    const reason = phase === "draining" || phase === "stopped" ? phase : "not-started";
    throw this.#refusal(name, `services.get("${name}")`, reason);
  }

  #assertKnown(names: readonly string[]): void {
    const problems = names
      .filter((name) => !this.#definitions.has(name))
      .map((name) => `no service is named ${JSON.stringify(name)}; known are ${this.names.join(", ") || "none"}`);
    if (problems.length > 0) throw new ServiceConfigurationError("services", problems);
  }

  #checkedFakes(fakes: Fakes<S>): Map<string, unknown> {
    const given = new Map(Object.entries<unknown>(fakes).filter(([, fake]) => fake !== undefined));
    this.#assertKnown([...given.keys()]);
    return given;
  }

  #checkOf(name: keyof S & string): HealthCheck {
    return async (signal) => {
      const service = this.get(name) as Fake<BaseExternalService>;
      if (service.checkHealth !== undefined) return service.checkHealth({ signal });
      const time = new Date(this.#clock.wallNow()).toISOString();
      return { service: name, status: "pass", latencyMs: 0, state: "overridden", time } satisfies HealthReport;
    };
  }

  #refusal(service: string, operation: string, reason: keyof typeof refusals): ServiceUnavailableError {
    return new ServiceUnavailableError(reason, {
      service,
      operation,
      phase: reason === "not-started" ? "start" : "close",
      outcome: "not-sent",
      retryable: reason === "not-started",
      detail: refusals[reason],
    });
  }
}

const refusals = {
  "not-started":
    "the registry is not started: await its start() before the first use, or put a fake in its place with override()",
  draining: "the registry is stopping: take what is needed before stop(), and await stop() before the next start()",
  stopped: "the registry was stopped: await its start() again, which makes fresh services",
} as const;

const newLifecycle = (): Lifecycle => new Lifecycle("services", () => undefined);
