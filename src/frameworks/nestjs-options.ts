import type { IncomingMessage } from "node:http";
import type { InjectionToken, ModuleMetadata, OptionalFactoryDependency, Type } from "@nestjs/common";
import type { AnswerForError } from "../core/error-answer.ts";
import type { Logger } from "../core/logger.ts";
import { OptionReader } from "../core/options.ts";
import type { EnvironmentSource } from "../registry/environment-from.ts";
import type { ServiceRegistry } from "../registry/service-registry.ts";
import { requestLogger } from "./request-logger.ts";
import { readAnswerFor, readRequestTimeout } from "./request-scope.ts";

/** What may be known only once other modules are there: their configuration, say. */
export interface HawserSettings {
  /** Where the registry reads its settings from, instead of its own; see the `env` of its options. */
  readonly env?: EnvironmentSource | undefined;
  /** For each request: all calls made within it end by then. Milliseconds, above 0. @defaultValue none */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * What is answered where a call to a service failed and the handler let its error through; `false` leaves all errors
   * to Nest, as HttpExceptions are anyway. @defaultValue answerForError
   */
  readonly answerFor?: AnswerForError | false | undefined;
  /**
   * The logger of a request, which takes the lines about its calls.
   * @defaultValue `request.log`, which pino-http sets; else none, and those of the services take them
   */
  readonly loggerFor?: LoggerFor | undefined;
}

/** Finds the logger of a request, which is Node's own whatever platform Nest runs on. */
export type LoggerFor = (request: IncomingMessage) => Logger | undefined;

/** What must be known at once: its names and classes are what can be injected. */
export interface HawserServices {
  /** The result of `defineServices`. */
  readonly services: ServiceRegistry;
  /** Whether every module can inject the services without importing this one. @defaultValue true */
  readonly isGlobal?: boolean | undefined;
}

/** The options of `HawserModule.forRoot`. */
export interface HawserModuleOptions extends HawserServices, HawserSettings {}

/** What `useClass` and `useExisting` name. */
export interface HawserSettingsFactory {
  createHawserSettings(): HawserSettings | Promise<HawserSettings>;
}

/** The options of `HawserModule.forRootAsync`: the services, and one of `useFactory`, `useClass` and `useExisting`. */
export interface HawserModuleAsyncOptions extends HawserServices {
  /** The modules whose providers are injected. */
  readonly imports?: ModuleMetadata["imports"];
  /** What `useFactory` is called with. */
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[] | undefined;
  readonly useFactory?: ((...dependencies: never[]) => HawserSettings | Promise<HawserSettings>) | undefined;
  /** A class that is made for this alone. */
  readonly useClass?: Type<HawserSettingsFactory> | undefined;
  /** A provider of an imported module. */
  readonly useExisting?: InjectionToken<HawserSettingsFactory> | undefined;
}

/** What was read of {@link HawserSettings}. */
export interface ReadSettings {
  readonly env: EnvironmentSource | undefined;
  readonly requestTimeoutMs: number | undefined;
  /** Undefined where Nest answers all errors. */
  readonly answerFor: AnswerForError | undefined;
  readonly loggerFor: LoggerFor;
}

/** What was read of {@link HawserServices}. */
export interface ReadServices {
  readonly services: ServiceRegistry;
  readonly isGlobal: boolean;
}

/** @throws ServiceConfigurationError with every problem at once. */
export function readOptions(options: HawserModuleOptions): ReadServices & ReadSettings {
  const reader = new OptionReader("hawser/nestjs", options);
  const read = { ...servicesFrom(reader), ...settingsFrom(reader) };
  reader.finish();
  return read;
}

/** @throws ServiceConfigurationError with every problem at once. */
export function readAsyncOptions(options: HawserModuleAsyncOptions): ReadServices & AsyncSource {
  const reader = new OptionReader("hawser/nestjs", options);
  const read = { ...servicesFrom(reader), ...sourceFrom(reader) };
  reader.finish();
  return read;
}

/** Reads what a factory made. @throws ServiceConfigurationError with every problem at once. */
export function readSettings(settings: unknown): ReadSettings {
  const reader = new OptionReader("hawser/nestjs", settings);
  for (const name of ["services", "isGlobal"]) {
    if (!reader.isGiven(name)) continue;
    reader.any(name);
    reader.problem(`${name} is given beside the factory, and not by it: what can be injected is known before it runs`);
  }
  const read = settingsFrom(reader);
  reader.finish();
  return read;
}

/** Where the settings of `forRootAsync` come from. */
export type AsyncSource = Pick<HawserModuleAsyncOptions, "imports"> &
  (
    | { readonly from: "factory"; readonly make: SettingsFunction; readonly inject: SourceTokens }
    | { readonly from: "class" | "existing"; readonly token: InjectionToken<HawserSettingsFactory> }
  );
type SettingsFunction = (...dependencies: never[]) => HawserSettings | Promise<HawserSettings>;
type SourceTokens = (InjectionToken | OptionalFactoryDependency)[];

function servicesFrom(reader: OptionReader): ReadServices {
  // More than other adapters need: Nest is told of every service before any is made.
  const services = reader.withMethods<ServiceRegistry>("services", [
    "start",
    "stop",
    "get",
    "has",
    "with",
    "outlineOf",
  ]);
  if (!reader.isGiven("services")) reader.problem("services is required: the result of defineServices()");
  return { services: services as ServiceRegistry, isGlobal: reader.boolean("isGlobal", true) };
}

function settingsFrom(reader: OptionReader): ReadSettings {
  return {
    env: readSource(reader),
    requestTimeoutMs: readRequestTimeout(reader),
    answerFor: reader.any("answerFor") === false ? undefined : readAnswerFor(reader),
    loggerFor: reader.function<LoggerFor>("loggerFor") ?? requestLogger,
  };
}

function readSource(reader: OptionReader): EnvironmentSource | undefined {
  const given = reader.any("env");
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  if (given === undefined || typeof given === "function" || isObject) return given as EnvironmentSource | undefined;
  reader.problem("env must be an object of variables, or a function that gives one");
  return undefined;
}

function sourceFrom(reader: OptionReader): AsyncSource {
  const make = reader.function<SettingsFunction>("useFactory");
  const useClass = reader.function("useClass") as InjectionToken<HawserSettingsFactory> | undefined;
  const useExisting = reader.any("useExisting") as InjectionToken<HawserSettingsFactory> | undefined;
  const given = ["useFactory", "useClass", "useExisting"].filter((name) => reader.isGiven(name));
  if (given.length !== 1) {
    const found = given.length === 0 ? "none is" : `${given.join(" and ")} are`;
    reader.problem(`one of useFactory, useClass and useExisting is needed, and ${found} given`);
  }
  const inject = listFrom(reader, "inject") as SourceTokens;
  if (reader.isGiven("inject") && !reader.isGiven("useFactory")) reader.problem("inject goes with useFactory alone");
  const imports = listFrom(reader, "imports") as NonNullable<ModuleMetadata["imports"]>;
  if (make !== undefined) return { imports, from: "factory", make, inject };
  return useClass === undefined
    ? { imports, from: "existing", token: useExisting as InjectionToken<HawserSettingsFactory> }
    : { imports, from: "class", token: useClass };
}

function listFrom(reader: OptionReader, name: string): unknown[] {
  const list = reader.any(name);
  if (list === undefined || Array.isArray(list)) return (list as unknown[] | undefined) ?? [];
  reader.problem(`${name} must be an array`);
  return [];
}
