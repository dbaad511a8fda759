import { type FactoryProvider, Scope } from "@nestjs/common";
import { ModuleRef } from "@nestjs/core";
import { isServiceConfigurationError, ServiceConfigurationError } from "../core/errors.ts";
import type { ServiceRegistry } from "../registry/service-registry.ts";
import { namesByClass, type Run, runProvider, type ServiceClass } from "./nestjs-run.ts";
import { runToken, servicesToken, tokenOf } from "./nestjs-tokens.ts";
import { standInFor } from "./stand-in.ts";

/** Every provider of the services of a registry: the registry itself, each by its name, and each by its class. */
export function serviceProviders(services: ServiceRegistry): FactoryProvider[] {
  const byName = services.names.map((name) => namedProvider(services, name));
  const byClass = [...namesByClass(services)].map(([Class, names]) => classProvider(services, Class, names));
  const registry: FactoryProvider = { provide: servicesToken, inject: [runToken], useFactory: () => services };
  return [runProvider(services, [...byName, ...byClass]), registry, ...byName, ...byClass];
}

function namedProvider(services: ServiceRegistry, name: string): FactoryProvider {
  return {
    provide: tokenOf(name),
    inject: [runToken, ModuleRef],
    useFactory: (run: Run, modules: ModuleRef) => injected(name, run, modules),
    ...onlyWhereInjected(services.outlineOf(name).isOptional),
  };
}

function classProvider(services: ServiceRegistry, Class: ServiceClass, names: readonly string[]): FactoryProvider {
  const [name = "", ...others] = names;
  if (others.length > 0) {
    const problem = `it is the class of ${names.join(" and ")}: say which one, as in @InjectService("${name}")`;
    const refuse = (): never => {
      throw new ServiceConfigurationError(Class.name, [problem]);
    };
    return { provide: Class, useFactory: refuse, ...onlyWhereInjected(true) };
  }
  return {
    provide: Class,
    inject: [tokenOf(name)],
    // Not useExisting: an alias is made whether it is injected or not.
    useFactory: (service: unknown) => service,
    ...onlyWhereInjected(services.outlineOf(name).isOptional),
  };
}

/** Nest makes a transient provider where it is injected, and nowhere else: so there it may fail. */
const onlyWhereInjected = (isSo: boolean): { readonly scope?: Scope } => (isSo ? { scope: Scope.TRANSIENT } : {});

function injected(name: string, run: Run, modules: ModuleRef): unknown {
  const { services, replaced } = run;
  const token = replaced.get(name);
  const find = (): unknown =>
    token === undefined ? services.get(name) : modules.get<unknown>(token, { strict: false });
  const { Class, isOptional } = services.outlineOf(name);
  const now = tried(find);
  if (isOptional && "error" in now && isServiceConfigurationError(now.error)) {
    // Nest takes an error for undefined where `@Optional()` stands, but not in what it makes for a request.
    if (run.isMade) return undefined;
    throw new ServiceConfigurationError(name, [
      "it is optional, and was left out since its URL is not set: set it, or put @Optional() where it is injected",
    ]);
  }
  // It is late, or Nest has not made yet what replaces it: whoever uses it too early is told.
  const found = "error" in now ? undefined : (now.value ?? undefined);
  if (found !== undefined && typeof found !== "object" && typeof found !== "function") return found;
  const prototype: unknown = Class?.prototype ?? Object.getPrototypeOf(found ?? {});
  return standInFor({ find: find as () => object, prototype: prototype as object, silent: hooks });
}

function tried(find: () => unknown): { readonly value: unknown } | { readonly error: unknown } {
  try {
    return { value: find() };
  } catch (error) {
    return { error };
  }
}

// Nest calls these on everything that it provides. Services have a registry that starts and stops them.
const hooks: ReadonlySet<PropertyKey> = new Set([
  "onModuleInit",
  "onApplicationBootstrap",
  "onModuleDestroy",
  "beforeApplicationShutdown",
  "onApplicationShutdown",
]);
