import type { ServiceRegistry } from "./service-registry.ts";

/**
 * Where an application tells the framework adapters what its services are, once:
 *
 * ```ts
 * declare module "hawser" {
 *   interface Register { services: typeof services }
 * }
 * ```
 */
// Empty until the application adds to it.
// oxlint-disable-next-line typescript/no-empty-interface, typescript/no-empty-object-type
export interface Register {}

/** The registry of the application; untyped, until {@link Register} says what it is. */
export type RegisteredServices<R = Register> = R extends { services: infer Services } ? Services : ServiceRegistry;
