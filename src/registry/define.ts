import type { EnvOfDefinitions } from "./env-of.ts";
import type { RegistryOptions } from "./registry-options.ts";
import { type ServiceDefinitions, ServiceRegistry, type ServicesOf } from "./service-registry.ts";

/**
 * Says once which services an application uses, under which names, and as which classes:
 *
 * ```ts
 * export const services = defineServices({
 *   paymentGateway: rest(PaymentGatewayClient, { endpointBase: "/v1", idempotency: true }),
 *   realtime: ws(RealtimeDataService, { endpoint: "/stream" }),
 * });
 * ```
 *
 * Nothing is made, read or connected before `start()`.
 *
 * @throws ServiceConfigurationError with every problem of the definitions and options at once.
 */
export function defineServices<const D extends ServiceDefinitions>(
  definitions: D,
  options?: RegistryOptions<EnvOfDefinitions<D>>,
): ServiceRegistry<ServicesOf<D>, EnvOfDefinitions<D>> {
  return new ServiceRegistry<ServicesOf<D>, EnvOfDefinitions<D>>(definitions, options);
}
