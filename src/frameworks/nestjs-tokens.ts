import { Inject } from "@nestjs/common";
import type { RegisteredServices } from "../registry/register.ts";

/** The names of the application's services, as `Register` says them; any string until it does. */
export type ServiceName = RegisteredServices["names"][number];

/** What the registry is provided under. */
export const servicesToken = "hawser:services";

/** Of the module alone: its settings, and what its application has of the registry. */
export const settingsToken: unique symbol = Symbol("hawser:settings");
export const runToken: unique symbol = Symbol("hawser:run");

/** What a service is provided under: for `overrideProvider`, for `inject` of a factory, and for `ModuleRef.get`. */
export function serviceToken(name: ServiceName): string {
  return tokenOf(name);
}

/** The same for a name that no type knows. */
export const tokenOf = (name: string): string => `hawser:service:${name}`;

/**
 * Injects the service with this name, in a constructor or as a property. What `Register` does not know does not
 * compile.
 *
 * A service that is optional and was left out is an error where it is injected, unless `@Optional()` stands beside
 * it: then it is `undefined`.
 */
export function InjectService(name: ServiceName): PropertyDecorator & ParameterDecorator {
  return Inject(serviceToken(name));
}

/** Injects the registry itself, started: for what asks by a name that is known only later, or for `has`. */
export function InjectServices(): PropertyDecorator & ParameterDecorator {
  return Inject(servicesToken);
}
