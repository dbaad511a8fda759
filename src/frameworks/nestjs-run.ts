import type { FactoryProvider, InjectionToken } from "@nestjs/common";
import { type ModuleRef, ModulesContainer } from "@nestjs/core";
import type { Fakes, ServiceRegistry } from "../registry/service-registry.ts";
import type { ReadSettings } from "./nestjs-options.ts";
import { runToken, settingsToken, tokenOf } from "./nestjs-tokens.ts";
import { useRegistry } from "./shared-registry.ts";

/** What one application has of a registry. */
export interface Run {
  readonly services: ServiceRegistry;
  /** The names that `overrideProvider` gave something else, each with the token that it was told. */
  readonly replaced: ReadonlyMap<string, InjectionToken>;
  /** Ends this application's use of the registry, which the last one stops. */
  readonly leave: () => Promise<void>;
  /** True once everything was made that is made only once; what is made later is of a request. */
  isMade: boolean;
}

/** A class that is known before one of it is made. */
export type ServiceClass = abstract new (...args: never) => unknown;

/** The names of the definitions of each class. */
export function namesByClass(services: ServiceRegistry): Map<ServiceClass, string[]> {
  const names = new Map<ServiceClass, string[]>();
  for (const name of services.names) {
    const { Class } = services.outlineOf(name);
    if (Class !== undefined) names.set(Class, [...(names.get(Class) ?? []), name]);
  }
  return names;
}

/** The provider of the {@link Run}, which starts the registry: whatever needs it is made afterwards. */
export function runProvider(services: ServiceRegistry, own: readonly FactoryProvider[]): FactoryProvider {
  const factories = new Map(own.map(({ provide, useFactory }) => [provide, useFactory]));
  const provider: FactoryProvider = {
    provide: runToken,
    inject: [settingsToken, ModulesContainer],
    useFactory: (settings: ReadSettings, modules: ModulesContainer): Promise<Run> =>
      begin(services, settings, replacedIn(modules, provider, services, factories)),
  };
  return provider;
}

/** What stands in for services in this application, by their names. */
export function fakesOf({ replaced }: Run, modules: ModuleRef): Fakes<Record<string, object>> {
  return Object.fromEntries(
    [...replaced].map(([name, token]) => [name, modules.get<object>(token, { strict: false })]),
  );
}

/** A registry of which everything is replaced is not started: such a test needs no settings. */
async function begin(
  services: ServiceRegistry,
  { env }: ReadSettings,
  replaced: ReadonlyMap<string, InjectionToken>,
): Promise<Run> {
  const isNeeded = services.names.some((name) => !replaced.has(name));
  const leave = isNeeded ? await useRegistry(services, env === undefined ? {} : { env }) : async () => undefined;
  return { services, replaced, leave, isMade: false };
}

/**
 * Nest does not tell a module that a test has overridden its providers. It shows: the factory of the provider is
 * another one, or none.
 */
function replacedIn(
  modules: ModulesContainer,
  run: FactoryProvider,
  services: ServiceRegistry,
  own: ReadonlyMap<InjectionToken, unknown>,
): Map<string, InjectionToken> {
  const ours = [...modules.values()].find(({ providers }) => providers.get(runToken)?.metatype === run.useFactory);
  const isReplaced = (token: InjectionToken): boolean => ours?.providers.get(token)?.metatype !== own.get(token);
  const replaced = new Map<string, InjectionToken>();
  for (const [Class, [name = "", ...others]] of namesByClass(services)) {
    if (others.length === 0 && isReplaced(Class)) replaced.set(name, Class);
  }
  for (const name of services.names) {
    if (isReplaced(tokenOf(name))) replaced.set(name, tokenOf(name));
  }
  return replaced;
}
