import type { AnyDefinition } from "./definition.ts";

/** The services of an application, by name. */
export type ServiceMap = Readonly<Record<string, unknown>>;

/** Definitions by name. */
export type ServiceDefinitions = Readonly<Record<string, AnyDefinition<unknown>>>;

/** The services that definitions make, by name. */
export type ServicesOf<D extends ServiceDefinitions> = {
  readonly [N in keyof D]: D[N] extends AnyDefinition<infer T> ? T : never;
};
