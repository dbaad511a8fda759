import type { ServiceUnavailableError } from "../core/errors.ts";
import type { Prepared } from "./build.ts";
import { buildMembers, type Definitions, type LeftOut, type MemberContext } from "./build-members.ts";
import { describePlanned, describeRun } from "./describe-services.ts";
import { type EnvironmentSource, readEnvironment } from "./environment-from.ts";
import { warnOfMisspelt } from "./misspelt.ts";
import type { RegistryDescription } from "./registry-description.ts";
import type { RegistrySettings } from "./registry-options.ts";
import { type ReloadResult, reloadRun } from "./reload-run.ts";
import { Run } from "./run.ts";

/** What the services of a registry are made of, at each start anew. */
export interface InstanceParts {
  readonly definitions: Definitions;
  readonly settings: RegistrySettings;
  readonly isTrial: boolean;
  /** What stands in for a service. */
  readonly fakeOf: MemberContext["fakeOf"];
  readonly onUp: () => void;
}

/** The services of a registry between one start and its stop, and the settings that they go by. */
export class Instances {
  readonly run: Run;
  /** Those that are optional and were left out, and why. */
  readonly leftOut: ReadonlyMap<string, LeftOut>;
  /** Those that were not made, since a fake stood in for them at the start, and the fakes. */
  readonly stoodIn: ReadonlyMap<string, unknown>;
  readonly #parts: InstanceParts;
  readonly #prepared: Map<string, Prepared>;
  /** Variables that look misspelt, and were warned of. */
  readonly #warned = new Set<string>();
  /** Where the settings are read from. */
  #source: EnvironmentSource | undefined;
  /** The last reload that was asked for: they are made one after the other. */
  #reloading: Promise<unknown> = Promise.resolve();

  /** @throws ServiceConfigurationError with every problem of all services at once. */
  constructor(parts: InstanceParts, source: EnvironmentSource | undefined) {
    const { definitions, settings, isTrial, fakeOf, onUp } = parts;
    const env = readEnvironment(source);
    const needed = (name: string): unknown => {
      // What was never made has nothing but its fake, also for a late service that is made when that is gone.
      const override = fakeOf(name) ?? (this.stoodIn.has(name) ? { fake: this.stoodIn.get(name) } : undefined);
      return override === undefined ? this.serviceOf(name) : override.fake;
    };
    const context = { ...settings, env, serviceOf: needed, fakeOf };
    const { members, leftOut, stoodIn, prepared } = buildMembers(definitions, context);
    warnOfMisspelt(definitions, env, settings.logger, this.#warned);
    for (const [service, why] of leftOut) {
      const what = "variable" in why ? `${why.variable} is not set` : "what it needs was left out";
      settings.logger.info({ service, ...why }, `optional service left out: ${what}`);
    }
    this.#parts = parts;
    this.#source = source;
    this.#prepared = new Map(prepared);
    this.leftOut = leftOut;
    this.stoodIn = stoodIn;
    this.run = new Run(members, { ...settings, isTrial, onUp });
  }

  get isTrial(): boolean {
    return this.#parts.isTrial;
  }

  /** Whether it was to be started. */
  isChosen(name: string): boolean {
    return this.#parts.definitions.has(name);
  }

  serviceOf(name: string): unknown {
    return this.run.members.get(name)?.service;
  }

  /** See `ServiceRegistry.reload`; `over` tells why nothing may be changed any more. */
  async reload(
    source: EnvironmentSource | undefined,
    over: () => ServiceUnavailableError | undefined,
  ): Promise<ReloadResult> {
    const reloaded = this.#reloading.then(() => this.#reload(source ?? this.#source, over));
    this.#reloading = reloaded.catch(() => undefined);
    return reloaded;
  }

  /** What the services go by. */
  describe(): RegistryDescription {
    const { definitions } = this.#parts;
    return describeRun(definitions, {
      leftOut: this.leftOut,
      prepared: this.#prepared,
      stateOf: (name) => {
        if (this.run.isUp(name)) return "ready";
        if (this.isTrial && this.run.openError(name) !== undefined) return "could not be connected";
        if (this.stoodIn.has(name)) return "not made, a fake stood in for it";
        return definitions.get(name)?.isLate === true ? "late, not up yet" : "starting";
      },
      serviceOf: (name) => this.serviceOf(name),
    });
  }

  async #reload(
    source: EnvironmentSource | undefined,
    over: () => ServiceUnavailableError | undefined,
  ): Promise<ReloadResult> {
    const { definitions, settings } = this.#parts;
    const env = readEnvironment(source);
    const running = {
      leftOut: this.leftOut,
      stoodIn: this.stoodIn,
      prepared: this.#prepared,
      serviceOf: (name: string) => this.serviceOf(name),
      over,
    };
    const result = await reloadRun(definitions, running, { ...settings, env });
    this.#source = source;
    warnOfMisspelt(definitions, env, settings.logger, this.#warned);
    return result;
  }
}

/** What a start would make, and fail with. */
export function describeUnstarted(
  definitions: Definitions,
  { settings, fakeOf }: Pick<InstanceParts, "settings" | "fakeOf">,
  source: EnvironmentSource | undefined,
): RegistryDescription {
  const env = readEnvironment(source ?? settings.env);
  return describePlanned(definitions, { ...settings, env, fakeOf, serviceOf: () => undefined });
}
