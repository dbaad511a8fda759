import type { Clock } from "../core/clock.ts";
import type { HealthStatus } from "../core/health.ts";
import type { Logger } from "../core/logger.ts";
import { OptionReader } from "../core/options.ts";
import type { AnyDefinition, CommonDefinitionOptions, ServiceDefinition } from "./definition.ts";
import { assertDefinable, isDefinition, readDefinition } from "./definition-options.ts";
import type { NoSettings, SettingSchemas, SettingSuffix, SettingValues } from "./env-of.ts";

/** What the `create` of a service is given. */
export interface CustomContext<Settings extends SettingSchemas = SettingSchemas> {
  /** Its key in the registry. */
  readonly name: string;
  /** What the schemas made of its variables. */
  readonly settings: SettingValues<Settings>;
  /** Aborts where the start is given up: another service failed, or the registry stops. */
  readonly signal: AbortSignal;
  /** The registry's, with the name of the service in each entry. */
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What the `health` of a service may say: a status, one with what belongs to it, or nothing for `pass`. */
export type CustomHealth =
  | HealthStatus
  | {
      readonly status: HealthStatus;
      /** Why it is not `pass`, for people; names no secret. */
      readonly output?: string | undefined;
      /** @defaultValue "ready" */
      readonly state?: string | undefined;
      readonly details?: Readonly<Record<string, unknown>> | undefined;
    }
  | undefined
  // A function that only throws where something is wrong has nothing to return.
  // oxlint-disable-next-line typescript/no-invalid-void-type
  | void;

/** The services that definitions make, by position. */
export type NeededServices<Needs extends readonly AnyDefinition<unknown>[]> = {
  readonly [I in keyof Needs]: Needs[I] extends AnyDefinition<infer T> ? T : never;
};

export interface CustomServiceOptions<
  T,
  Needs extends readonly AnyDefinition<unknown>[] = readonly AnyDefinition<unknown>[],
  Prefix extends string = string,
  Settings extends SettingSchemas = SettingSchemas,
> extends CommonDefinitionOptions<Prefix> {
  /** Definitions of the same registry: they are up before `create` is called, and closed after this service. */
  readonly needs?: Needs | undefined;
  /**
   * What is read from the environment, each with a Standard Schema that takes the text: `{ poolSize: wholeNumber(1) }`
   * reads `…_POOL_SIZE`. A schema that is content with nothing is a setting that need not be there.
   */
  readonly settings?: Settings | undefined;
  /**
   * Makes the service; what it needs is given by position. It is called anew where a late service is tried again. A
   * {@link BaseExternalService} that it makes is connected as well.
   */
  readonly create: (context: CustomContext<Settings>, ...needs: NeededServices<Needs>) => T | PromiseLike<T>;
  /**
   * Ends it. @defaultValue its `Symbol.asyncDispose` or `Symbol.dispose`, where it has one
   */
  readonly dispose?: ((service: NoInfer<T>) => unknown) | undefined;
  /**
   * Takes other settings while the service runs, for `ServiceRegistry.reload()`. Where it throws, or takes longer than
   * 15 s, when its signal aborts, the service counts as having kept the former ones. @defaultValue other settings need a
   * restart
   */
  readonly reload?:
    | ((
        service: NoInfer<T>,
        settings: SettingValues<NoInfer<Settings>>,
        context: { readonly signal: AbortSignal },
      ) => unknown)
    | undefined;
  /**
   * How it is now; that it throws is a `fail`. Of what is thrown only the kind is told, since anybody's message may
   * hold a secret: what people should read goes into `output`. An asynchronous one returns the object, since TypeScript
   * takes the bare word for any string there. @defaultValue its `checkHealth()`, else `pass`
   */
  readonly health?:
    | ((service: NoInfer<T>, context: { readonly signal: AbortSignal }) => CustomHealth | PromiseLike<CustomHealth>)
    | undefined;
}

/**
 * Defines anything else that must start and stop with the services: a pool, a cache, a client of another library, or
 * an object that is made of other services.
 *
 * ```ts
 * const billing = service({ needs: [payments], create: (_context, payments) => new Billing(payments) });
 * ```
 *
 * @throws ServiceConfigurationError with every problem of the options at once.
 */
export function service<
  T,
  const Needs extends readonly AnyDefinition<unknown>[] = readonly [],
  const Prefix extends string = never,
  const Settings extends SettingSchemas = NoSettings,
>(options: CustomServiceOptions<T, Needs, Prefix, Settings>): ServiceDefinition<T, SettingSuffix<Settings>, Prefix> {
  const problems: string[] = [];
  const { facts, options: others } = readDefinition("service", options, problems);
  const reader = new OptionReader("service", others, "", problems);
  const create = reader.function<(context: unknown, ...needs: readonly unknown[]) => T | PromiseLike<T>>("create");
  if (!reader.isGiven("create")) problems.push("create is required: the function that makes the service");
  const dispose = reader.function<(made: unknown) => unknown>("dispose");
  const reload = reader.function<NonNullable<AnyDefinition<T>["reload"]>>("reload");
  const health = reader.function<NonNullable<AnyDefinition<T>["health"]>>("health");
  const needs = reader.any("needs") ?? [];
  const isDefinitions = Array.isArray(needs) && needs.every(isDefinition);
  if (!isDefinitions) problems.push("needs must be an array of what rest(), ws() and service() return");
  reader.rejectUnknown();
  assertDefinable("service", problems);
  return {
    kind: "custom",
    ...facts,
    needs: isDefinitions ? needs : [],
    options: {},
    // Looked at above: without it there was a problem.
    create: (context, given = []) => (create as NonNullable<typeof create>)(context, ...given),
    dispose,
    reload,
    health,
  };
}
