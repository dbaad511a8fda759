import { closest } from "../core/options.ts";
import type { ServiceRegistry } from "../registry/service-registry.ts";
import type { RESTService } from "../rest/rest-service.ts";
import type { WebSocketService } from "../websocket/websocket-service.ts";
import { UsageError } from "./failure.ts";

/** Refuses a name that no service has. @throws UsageError with the nearest, or with all names */
export function assertKnown(services: ServiceRegistry, name: string): void {
  if (services.names.includes(name)) return;
  const near = closest(name, services.names);
  throw new UsageError(
    `no service is named ${name}${near === undefined ? `: known are ${services.names.join(", ") || "none"}` : ` (did you mean ${near}?)`}`,
  );
}

/** A service that answers calls, once it is up. @throws UsageError for one of another kind; as `services.ready` */
export async function restServiceOf(
  services: ServiceRegistry,
  name: string,
  signal: AbortSignal,
): Promise<RESTService> {
  const service: unknown = await services.ready(name, { signal });
  if (hasMethods(service, ["request", "getJson"])) return service as RESTService;
  throw new UsageError(
    hasMethods(service, ["messages"])
      ? `${name} is a stream, and takes no calls: hawser tail ${name}`
      : `${name} is no REST service, and takes no calls`,
  );
}

/** A stream, once it is up. @throws UsageError for a service of another kind; as `services.ready` */
export async function streamOf(
  services: ServiceRegistry,
  name: string,
  signal: AbortSignal,
): Promise<WebSocketService<unknown>> {
  const service: unknown = await services.ready(name, { signal });
  if (hasMethods(service, ["messages", "send"])) return service as WebSocketService<unknown>;
  throw new UsageError(
    hasMethods(service, ["request"])
      ? `${name} is a REST service, and no stream: hawser call ${name} GET /`
      : `${name} is no stream`,
  );
}

const hasMethods = (value: unknown, names: readonly string[]): boolean =>
  typeof value === "object" &&
  value !== null &&
  names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
