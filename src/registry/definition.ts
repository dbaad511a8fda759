import type { BaseExternalService, ExternalServiceOptions } from "../core/external-service.ts";
import type { AnyRESTService } from "../rest/openapi-service.ts";
import type { RESTServiceOptions } from "../rest/options.ts";
import { RESTService } from "../rest/rest-service.ts";
import type { WebSocketServiceOptions } from "../websocket/options.ts";
import { WebSocketService } from "../websocket/websocket-service.ts";
import { assertDefinable, readDefinition } from "./definition-options.ts";
import type { NoSettings, RestSuffix, SettingSchemas, SettingSuffix, WsSuffix } from "./env-of.ts";

/** What every definition may be given, whatever it defines. */
export interface CommonDefinitionOptions<Prefix extends string = string> {
  /**
   * The service is left out, with a line in the log, where its URL is not set, or where one that it needs was left
   * out. One of `service()` has no URL of its own: it is left out where it needs variables, and none of its own is set.
   * @defaultValue false: that is an error
   */
  readonly optional?: boolean | undefined;
  /** What its variables start with, instead of its name: `PAYMENTS` for `PAYMENTS_URL`. */
  readonly env?: Prefix | undefined;
  /**
   * The start does not wait for it, and does not fail with it: it is connected in the background, and tried again
   * until it is, or the registry stops. See `ServiceRegistry.ready()`. @defaultValue false
   */
  readonly late?: boolean | undefined;
  /** Whether the whole registry is `fail` where this service is; else that is a `warn`. @defaultValue false */
  readonly critical?: boolean | undefined;
  /** For one check of its health. Milliseconds, above 0. @defaultValue the registry's, 5000 */
  readonly healthTimeoutMs?: number | undefined;
}

/** What a definition is given beside the options of its class. */
export interface DefinitionOptions<
  O extends object = object,
  Prefix extends string = string,
  Settings extends SettingSchemas = SettingSchemas,
> extends CommonDefinitionOptions<Prefix> {
  /**
   * Further options of the class that are read from the environment, each with a Standard Schema that takes the
   * text: `{ merchantId: z.string() }` reads `…_MERCHANT_ID`.
   */
  readonly settings?: (Settings & { readonly [K in Exclude<keyof Settings, keyof O>]: never }) | undefined;
}

/**
 * The options of a service class without what the registry fills in: its `name` is its key there, and `baseUrl` and
 * what the `settings` of the definition name may come from the environment.
 */
export type GivenOptions<O extends object, Settings extends SettingSchemas = NoSettings> = Omit<
  O,
  "name" | "baseUrl" | (keyof Settings & string)
> & {
  // One mapped type: an empty one beside it would let anything pass for options.
  readonly [K in "baseUrl" | (keyof Settings & keyof O)]?:
    | (K extends "baseUrl" ? string | URL : K extends keyof O ? O[K] : never)
    | undefined;
};

/**
 * A WebSocketService, whatever its messages are. Not `WebSocketService<unknown>`: its private fields make the class
 * invariant in its messages, so that no service of other messages would be one.
 */
export type AnyWebSocketService = BaseExternalService &
  Pick<WebSocketService, "state" | "send" | "sendJson" | "disconnect">;

/**
 * What the options of every WebSocketService have, whatever its messages are: some of the others take functions of
 * messages, so that the options for one kind of message are not those for another.
 */
export type AnyStreamOptions = ExternalServiceOptions & Pick<WebSocketServiceOptions, "baseUrl" | "apiKey">;

/** A definition as a registry sees it, whatever its variables are called. */
export interface AnyDefinition<T> {
  /** `custom`: made by functions of the application's own. */
  readonly kind: "rest" | "ws" | "custom";
  readonly isOptional: boolean;
  readonly isLate: boolean;
  readonly isCritical: boolean;
  /** Where it is not the registry's. */
  readonly healthTimeoutMs: number | undefined;
  /** Where it is not the one that follows from the name. */
  readonly envPrefix: string | undefined;
  /** The schemas of what is read from the environment beside the usual settings. */
  readonly settings: SettingSchemas;
  /** What must be up before it, and closed after it; of the same registry. */
  readonly needs: readonly AnyDefinition<unknown>[];
  /** Of a class: what the code gives to its constructor. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The class of yours that it makes one of; undefined where it was given none. */
  readonly Class?: (abstract new (options: never) => T) | undefined;
  /** Takes all options of the class, or the context of `service()` and what it needs. */
  readonly create: (given: Readonly<Record<string, unknown>>, needs?: readonly unknown[]) => T | PromiseLike<T>;
  /** Of `service()` alone, where it was given. */
  readonly dispose?: ((service: unknown) => unknown) | undefined;
  readonly reload?:
    | ((
        service: unknown,
        settings: Readonly<Record<string, unknown>>,
        context: { readonly signal: AbortSignal },
      ) => unknown)
    | undefined;
  readonly health?: ((service: unknown, context: { readonly signal: AbortSignal }) => unknown) | undefined;
}

/**
 * A service that is not made yet: a class and its options, or functions that make and end it. A value, made by `rest`,
 * `ws` and `service`; as such it may be named by the `needs` of another.
 */
export interface ServiceDefinition<T, Suffix extends string = string, Prefix extends string = string>
  extends AnyDefinition<T> {
  /** Of the types alone: what its variables are called. */
  readonly [variables]?: { readonly suffix: Suffix; readonly prefix: Prefix };
}

declare const variables: unique symbol;

class PlainRESTService extends RESTService {}
class PlainWebSocketService extends WebSocketService {}

/**
 * Defines a REST service: a class of yours, which is the class that the registry hands out, or none for a ready
 * RESTService. Its URL, key and limits are read from the environment at start, and win over those given here,
 * so that a deployment can redirect what the code says.
 *
 * @throws ServiceConfigurationError for a class that is not a RESTService.
 */
export function rest<
  T extends AnyRESTService,
  O extends RESTServiceOptions,
  const Prefix extends string = never,
  const Settings extends SettingSchemas = NoSettings,
>(
  Class: new (options: O) => T,
  options: GivenOptions<O, NoInfer<Settings>> & DefinitionOptions<O, Prefix, Settings>,
): ServiceDefinition<T, RestSuffix | SettingSuffix<Settings>, Prefix>;
export function rest<T extends AnyRESTService>(
  Class: new (options: RESTServiceOptions) => T,
): ServiceDefinition<T, RestSuffix, never>;
export function rest<const Prefix extends string = never, const Settings extends SettingSchemas = NoSettings>(
  options?: GivenOptions<RESTServiceOptions> & DefinitionOptions<RESTServiceOptions, Prefix, Settings>,
): ServiceDefinition<RESTService, RestSuffix | SettingSuffix<Settings>, Prefix>;
export function rest(first: unknown = {}, second: unknown = {}): ServiceDefinition<RESTService, RestSuffix, never> {
  return typeof first === "function"
    ? define("rest", RESTService, first, second)
    : define("rest", RESTService, PlainRESTService, first);
}

/** The same as `rest` for a service over one WebSocket stream. */
export function ws<
  T extends AnyWebSocketService,
  O extends AnyStreamOptions,
  const Prefix extends string = never,
  const Settings extends SettingSchemas = NoSettings,
>(
  Class: new (options: O) => T,
  options: GivenOptions<O, NoInfer<Settings>> & DefinitionOptions<O, Prefix, Settings>,
): ServiceDefinition<T, WsSuffix | SettingSuffix<Settings>, Prefix>;
export function ws<T extends AnyWebSocketService>(
  Class: new (options: AnyStreamOptions) => T,
): ServiceDefinition<T, WsSuffix, never>;
export function ws<
  Message = string | Uint8Array,
  const Prefix extends string = never,
  const Settings extends SettingSchemas = NoSettings,
>(
  options?: GivenOptions<WebSocketServiceOptions<Message>> &
    DefinitionOptions<WebSocketServiceOptions<Message>, Prefix, Settings>,
): ServiceDefinition<WebSocketService<Message>, WsSuffix | SettingSuffix<Settings>, Prefix>;
export function ws(first: unknown = {}, second: unknown = {}): ServiceDefinition<WebSocketService, WsSuffix, never> {
  return typeof first === "function"
    ? define("ws", WebSocketService, first, second)
    : define("ws", WebSocketService, PlainWebSocketService, first);
}

type AbstractClass<T> = abstract new (options: never) => T;

function define<T extends BaseExternalService>(
  kind: "rest" | "ws",
  Base: AbstractClass<T>,
  // oxlint-disable-next-line typescript/no-unsafe-function-type -- looked at below
  Class: Function,
  given: unknown,
): ServiceDefinition<T, never, never> {
  const problems: string[] = [];
  if (!(Class.prototype instanceof Base)) problems.push(`${kind}() needs a class that extends ${Base.name}`);
  const { facts, options } = readDefinition(kind, given, problems);
  assertDefinable(Class.name || kind, problems);
  // The one cast between what a class asks for and what settings are made of. The overloads above checked the part
  // that the code gives; the constructor itself checks all of it, and build.ts that it handed on what it got.
  const Service = Class as unknown as new (options: Readonly<Record<string, unknown>>) => T;
  const isOwn = Class !== PlainRESTService && Class !== PlainWebSocketService;
  return {
    kind,
    ...facts,
    needs: [],
    options,
    Class: isOwn ? Service : undefined,
    create: (all) => new Service(all),
  };
}
