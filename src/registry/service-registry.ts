import { ServiceConfigurationError } from "../core/errors.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import { OptionReader } from "../core/options.ts";
import type { AnyDefinition } from "./definition.ts";
import { definitionProblems } from "./definition-problems.ts";
import type { Fakes, OverrideScope } from "./fakes.ts";
import { describeUnstarted, type InstanceParts, Instances } from "./instances.ts";
import { Overrides } from "./overrides.ts";
import type { RegistryDescription } from "./registry-description.ts";
import type { ReloadResult } from "./reload-run.ts";
import { checkAll, type HealthCheck, type RegistryHealth } from "./registry-health.ts";
import {
  type DescribeOptions,
  isGroup,
  type RegistryOptions,
  type ReloadOptions,
  type RegistrySettings,
  readRegistryOptions,
  readSource,
  type StopOptions,
  withOptions,
} from "./registry-options.ts";
import { notChosenProblem, refusal, refusedIn } from "./refusals.ts";
import type { ServiceDefinitions, ServiceMap } from "./service-map.ts";
import { checkOf } from "./service-health.ts";
import { SharedHealth } from "./shared-health.ts";
import { readStartOptions, type StartOptions, type StartSettings, unknownName } from "./start-options.ts";
import { taken, type Whereabouts, whereIs } from "./whereabouts.ts";

export type * from "./fakes.ts";
export type * from "./service-map.ts";
export type { ReloadChange, ReloadEffect } from "./changes.ts";
export type { Shown } from "./shown.ts";
export type { ReloadResult } from "./reload-run.ts";
export type { StartOptions } from "./start-options.ts";
export type { DescribedService, RegistryDescription } from "./registry-description.ts";
export type {
  DescribeOptions,
  EnvironmentOf,
  RegistryHealthOptions,
  RegistryOptions,
  ReloadOptions,
  ServiceDefaults,
  StopOptions,
} from "./registry-options.ts";

/** See {@link ServiceRegistry.outlineOf}. */
export type ServiceOutline<T> = Pick<AnyDefinition<T>, "Class" | "isOptional">;

/**
 * Services by name, typed: each is started as soon as those that it needs are up, and stopped before them. Routes, jobs
 * and tests take them from here. Stopped, it may be started again, with fresh services.
 */
export class ServiceRegistry<S extends ServiceMap = ServiceMap, Env extends string = string>
  implements AsyncDisposable
{
  /** Of the types alone: the variables that it may read. See `EnvOf`. */
  declare readonly "~environment"?: Env;
  /** In the order of their definitions. */
  readonly names: readonly (keyof S & string)[];
  readonly #definitions: ReadonlyMap<string, AnyDefinition<unknown>>;
  readonly #options: RegistryOptions<Env>;
  readonly #settings: RegistrySettings;
  readonly #health: SharedHealth<RegistryHealth<keyof S & string>>;
  /** Shared with all scopes, whose fakes and entries are told apart by their owner. */
  #overrides = new Overrides<object>();
  /** Itself, then what it is a scope of: fakes of any of them hold here. */
  #owners: readonly object[] = [this];
  /** Of the current run: a lifecycle does not go back, so each start after a stop has a new one. */
  #lifecycle = newLifecycle();
  /** Of the current run, else of the last that was up. */
  #instances: Instances | undefined;

  /** @throws ServiceConfigurationError with every problem of the definitions and options at once. */
  constructor(definitions: ServiceDefinitions, options: RegistryOptions<Env> = {}) {
    const problems: string[] = [];
    const reader = new OptionReader("services", options, "", problems);
    this.#options = options;
    this.#settings = readRegistryOptions(reader);
    const isObject = isGroup(definitions);
    if (!isObject) problems.push("defineServices() needs the definitions by name, as an object");
    this.#definitions = new Map(isObject ? Object.entries(definitions) : []);
    this.names = [...this.#definitions.keys()];
    problems.push(...definitionProblems(this.#definitions));
    reader.finish();
    const { clock, healthCacheMs: cacheMs } = this.#settings;
    this.#health = new SharedHealth((signal) => this.#checkAll(signal), { clock, cacheMs });
  }

  /**
   * Reads the settings, makes all services and connects them: each as soon as those that it needs are up, independent
   * ones at the same time, late ones in the background. One that a fake stands in for now is not made, and its settings
   * are not needed. A second call joins the first, whose options count.
   *
   * @throws ServiceConfigurationError with every problem of all services at once, before any I/O, and for a service that
   * the start which it joins does not start; what was thrown first by a service that could not be connected, after all others were closed again; ServiceUnavailableError
   * `unavailable-draining` while it stops; the signal's reason.
   */
  async start(options: StartOptions<Env, keyof S & string> = {}): Promise<this> {
    const chosen = readStartOptions(options, this.#definitions);
    options.signal?.throwIfAborted();
    if (this.#lifecycle.phase === "draining") throw refusal("services", "services.start", "draining");
    if (this.#lifecycle.phase === "stopped") {
      this.#lifecycle = newLifecycle();
      this.#instances = undefined;
    }
    await this.#lifecycle.start((stopping) => this.#open(stopping, options, chosen));
    this.#assertStarted(chosen.definitions.keys());
    this.#health.forget();
    return this;
  }

  /**
   * The service under this name, or what stands in for it.
   *
   * @throws ServiceConfigurationError for a name that is not registered, or was left out for want of its URL;
   * ServiceUnavailableError `unavailable-not-started | unavailable-draining | unavailable-stopped`.
   */
  get<N extends keyof S & string>(name: N): S[N] {
    return this.#here().#find(name) as S[N];
  }

  /** A function that asks {@link ServiceRegistry.get} each time; to be made anywhere, also before the start. */
  provider<N extends keyof S & string>(name: N): () => S[N] {
    this.#assertKnown([name]);
    return () => this.get(name);
  }

  /**
   * What is known of a service before it is made, for adapters that tell their framework of it.
   *
   * @throws ServiceConfigurationError for a name that is not registered.
   */
  outlineOf<N extends keyof S & string>(name: N): ServiceOutline<S[N]> {
    this.#assertKnown([name]);
    const { Class, isOptional } = this.#definitions.get(name) as AnyDefinition<S[N]>;
    return { Class, isOptional };
  }

  /**
   * {@link ServiceRegistry.get}, once the service is up: waits for a late one, and while the registry starts.
   *
   * @throws As `get`; the signal's reason; what the start failed with, or that the registry stops meanwhile.
   */
  async ready<N extends keyof S & string>(
    name: N,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<S[N]> {
    const here = this.#here();
    here.#assertKnown([name]);
    // A start that was begun in this very turn makes its services in the next.
    await Promise.resolve();
    if (here.#fakeOf(name) === undefined) await here.#running?.run.untilUp(name, options.signal);
    return here.get(name);
  }

  /** Whether there is such a service, and no start has left it out; of a late one, whether it is up. */
  has(name: string): name is keyof S & string {
    const here = this.#here();
    const definition = here.#definitions.get(name);
    if (definition === undefined) return false;
    const { at } = here.#whereIs(name, definition);
    return at === "faked" || at === "up" || (at === "off" && !definition.isLate);
  }

  /** Every service that {@link ServiceRegistry.get} would hand out now, by name and in order. */
  *entries(): IterableIterator<[name: keyof S & string, service: S[keyof S & string]]> {
    const here = this.#here();
    for (const [name, definition] of here.#definitions) {
      const { at } = here.#whereIs(name, definition);
      if (at === "faked" || at === "up") yield [name, here.get(name)];
    }
  }

  /**
   * Puts stand-ins in the place of services, in the whole process, until what it returns is called or disposed. Needs
   * no start. Several may hold at once, the latest winning, and each takes back only itself. They hold in every scope of
   * this registry as well.
   *
   * For tests that run one after the other; {@link ServiceRegistry.with} is for those that run side by side.
   *
   * @throws ServiceConfigurationError for a name that is not registered.
   */
  override(fakes: Fakes<S>): (() => void) & Disposable {
    return disposable(this.#overrides.add(this, this.#checkedFakes(fakes)));
  }

  /**
   * Runs `work`; within it and all that it awaits, and nowhere else, the stand-ins hold. The `override` that it is given
   * puts more of them on top, for this scope alone. @throws as `override`.
   */
  async with<T>(fakes: Fakes<S>, work: (scope: OverrideScope<S>) => T | PromiseLike<T>): Promise<T> {
    return this.#overrides.run(this, this.#checkedFakes(fakes), (layers) =>
      work({ override: (more) => disposable(layers.add(this.#checkedFakes(more))) }),
    );
  }

  /**
   * A registry of the same definitions with instances of its own, for a second application in the process, or one
   * tenant of many. It is started and stopped by itself. What the options leave out is as it is here; fakes of this
   * registry hold in it as well.
   *
   * @throws ServiceConfigurationError with every problem of the options at once.
   */
  scope(options: RegistryOptions<Env> = {}): ServiceRegistry<S, Env> {
    const scope = new ServiceRegistry<S, Env>(
      Object.fromEntries(this.#definitions),
      withOptions(this.#options, options),
    );
    scope.#overrides = this.#overrides;
    scope.#owners = [scope, ...this.#owners];
    return scope;
  }

  /**
   * Runs `work` and returns what it returns. Within it and all that it awaits, what this registry is a scope of hands
   * out the services of this one: `get`, `ready`, `has`, `entries`, `health` and every provider. Scopes nest, and the
   * innermost counts. A thenable that is no promise is waited for within, and handed out as a promise.
   */
  run<T>(work: () => T): T {
    return this.#overrides.enter(this, work);
  }

  /**
   * Checks all services at the same time, each within its own limit. Reports and does not throw, whatever they do. The
   * answer is shared: for `health.cacheMs`, and by all who ask meanwhile. Where fakes hold, it is always a new one.
   *
   * @param options - `fresh`: a new check in any case. `signal`: ends the wait.
   * @throws The signal's reason.
   */
  health(
    options: { readonly signal?: AbortSignal | undefined; readonly fresh?: boolean | undefined } = {},
  ): Promise<RegistryHealth<keyof S & string>> {
    const here = this.#here();
    if (here.names.some((name) => here.#fakeOf(name) !== undefined)) return here.#checkAll(options.signal);
    return here.#health.ask(options.fresh === true, options.signal);
  }

  /**
   * Reads all settings anew, checks them, and puts in force what is different, without losing a call: one under way ends
   * by the settings that it began with. Services stay the objects that they are. What it cannot change while they run,
   * it says so of: that is left as it was until the next start. Asked for again meanwhile, it is made again afterwards.
   *
   * @throws ServiceConfigurationError with every problem of all services at once, and nothing has changed;
   * ServiceUnavailableError `unavailable-not-started | unavailable-draining | unavailable-stopped` unless it is started.
   */
  async reload(options: ReloadOptions<Env> = {}): Promise<ReloadResult> {
    const reader = new OptionReader("services", options);
    const env = readSource(reader);
    reader.finish();
    const { phase } = this.#lifecycle;
    const instances = this.#instances;
    if (phase !== "ready" || instances === undefined) throw refusal("services", "services.reload", refusedIn(phase));
    const reloaded = await instances.reload(env, () =>
      this.#running === instances
        ? undefined
        : refusal("services", "services.reload", refusedIn(this.#lifecycle.phase)),
    );
    this.#health.forget();
    return reloaded;
  }

  /**
   * What the services go by, each setting with where it comes from: `String()` gives a text for a terminal, `toJSON()`
   * data. Secrets are not in it. Of a registry that is not started, it is what a start would do, and fail with; nothing
   * is connected for that.
   *
   * @throws ServiceConfigurationError for wrong options, and for a file of variables that cannot be read.
   */
  describe(options: DescribeOptions<Env> = {}): RegistryDescription {
    const reader = new OptionReader("services", options);
    const env = readSource(reader);
    reader.finish();
    const here = this.#here();
    return here.#running?.describe() ?? describeUnstarted(here.#definitions, here.#parts, env);
  }

  /**
   * Closes all services, each before those that it needs; each lets its calls end within its own limit. Idempotent, and
   * safe in every state; a start under way is given up, and so are the attempts at late services.
   *
   * @throws ServiceStopError where some could not be closed, or not in time, after all were tried.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const reader = new OptionReader("services", options);
    const timeoutMs = reader.number("timeoutMs", this.#settings.stopTimeoutMs, { min: 0 });
    reader.finish();
    if (this.#lifecycle.phase === "idle") return;
    this.#health.forget();
    await this.#lifecycle.stop(async () => {
      const run = this.#instances?.run;
      await run?.stop(refusal("services", "services.ready", "draining"), timeoutMs);
      this.#settings.logger.info({ services: [...(run?.members.keys() ?? [])] }, "services stopped");
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #open(stopping: AbortSignal, { signal, env }: StartOptions<Env>, chosen: StartSettings): Promise<void> {
    const { clock, logger } = this.#settings;
    const startedAt = clock.now();
    this.#instances = new Instances({ ...this.#parts, ...chosen }, env ?? this.#settings.env);
    const { run } = this.#instances;
    try {
      await run.start(signal === undefined ? stopping : AbortSignal.any([stopping, signal]));
    } catch (error) {
      this.#instances = undefined;
      throw stopping.aborted ? refusal("services", "services.start", "draining") : error;
    }
    const durationMs = Math.round(clock.now() - startedAt);
    logger.info({ services: [...run.members.keys()], durationMs }, "services started");
  }

  /** What each run of the services is made of. */
  get #parts(): Omit<InstanceParts, keyof StartSettings> {
    return {
      settings: this.#settings,
      fakeOf: (name: string) => this.#fakeOf(name),
      onUp: () => this.#health.forget(),
    };
  }

  /** Where they are not stopped. */
  get #running(): Instances | undefined {
    const { phase } = this.#lifecycle;
    return phase === "starting" || phase === "ready" ? this.#instances : undefined;
  }

  /** What this registry means here: within a `run` of one of its scopes, that scope. */
  #here(): ServiceRegistry<S, Env> {
    const isOfThis = (owner: object): boolean => (owner as ServiceRegistry).#owners.includes(this);
    return (this.#overrides.entered(isOfThis) as ServiceRegistry<S, Env> | undefined) ?? this;
  }

  #fakeOf(name: string): { readonly fake: unknown } | undefined {
    return this.#overrides.find(name, this.#owners);
  }

  #whereIs(name: string, definition: AnyDefinition<unknown>): Whereabouts {
    const { phase } = this.#lifecycle;
    return whereIs(name, definition, { phase, instances: this.#instances, fakeOf: (one) => this.#fakeOf(one) });
  }

  #find(name: string): unknown {
    const definition = this.#definitions.get(name);
    if (definition === undefined) throw new ServiceConfigurationError("services", [unknownName(name, this.names)]);
    const where = this.#whereIs(name, definition);
    return taken(name, where, this.#lifecycle.phase);
  }

  #assertStarted(names: Iterable<string>): void {
    const problems = [...names].filter((name) => this.#instances?.isChosen(name) === false).map(notChosenProblem);
    if (problems.length > 0) throw new ServiceConfigurationError("services", problems);
  }

  #assertKnown(names: readonly string[]): void {
    const unknown = names.filter((name) => !this.#definitions.has(name));
    const problems = unknown.map((name) => unknownName(name, this.names));
    if (problems.length > 0) throw new ServiceConfigurationError("services", problems);
  }

  #checkedFakes(fakes: Fakes<S>): Map<string, unknown> {
    if (!isGroup(fakes)) throw new ServiceConfigurationError("services", ["fakes are given by name, as an object"]);
    const given = new Map(Object.entries<unknown>(fakes).filter(([, fake]) => fake !== undefined));
    this.#assertKnown([...given.keys()]);
    return given;
  }

  #checkAll(signal: AbortSignal | undefined): Promise<RegistryHealth<keyof S & string>> {
    return checkAll(this.#checks(), { clock: this.#settings.clock, signal });
  }

  /** Of each service that was not left out. */
  *#checks(): Generator<readonly [keyof S & string, HealthCheck], undefined> {
    const { clock, healthTimeoutMs } = this.#settings;
    const isRunning = this.#lifecycle.phase === "ready";
    for (const [name, definition] of this.#definitions) {
      const where = this.#whereIs(name, definition);
      if (where.at === "left out") continue;
      const now = { where, isRunning, clock, healthTimeoutMs };
      yield [name, checkOf(name, definition, { ...now, find: () => this.#find(name) })];
    }
  }
}

const newLifecycle = (): Lifecycle => new Lifecycle("services", () => undefined);

const disposable = (restore: () => void): (() => void) & Disposable =>
  Object.assign(restore, { [Symbol.dispose]: restore });
