import { type RegistryOptions, type ServiceDefinitions, type ServiceMap, ServiceRegistry } from "./service-registry.ts";

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
export function defineServices<S extends ServiceMap>(
  definitions: ServiceDefinitions<S>,
  options?: RegistryOptions,
): ServiceRegistry<S> {
  return new ServiceRegistry(definitions, options);
}
