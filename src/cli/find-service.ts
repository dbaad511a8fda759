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

/** A started service that answers calls. @throws UsageError for one of another kind */
export function restServiceOf(services: ServiceRegistry, name: string): RESTService {
  const service: unknown = services.get(name);
  if (hasMethods(service, ["request", "getJson"])) return service as RESTService;
  throw new UsageError(
    hasMethods(service, ["messages"])
      ? `${name} is a stream, and takes no calls: hawser tail ${name}`
      : `${name} is no REST service, and takes no calls`,
  );
}

/** A started stream. @throws UsageError for a service of another kind */
export function streamOf(services: ServiceRegistry, name: string): WebSocketService<unknown> {
  const service: unknown = services.get(name);
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
