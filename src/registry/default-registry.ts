import { systemClock, systemRandom } from "../core/clock.ts";
import { ServiceConfigurationError } from "../core/errors.ts";
import type { BaseExternalService } from "../core/external-service.ts";
import { defaultLogger } from "../core/logger.ts";
import type { AnyRESTService } from "../rest/openapi-service.ts";
import type { RESTServiceOptions } from "../rest/options.ts";
import { RESTService } from "../rest/rest-service.ts";
import type { WebSocketServiceOptions } from "../websocket/options.ts";
import { WebSocketService } from "../websocket/websocket-service.ts";
import { buildService } from "./build.ts";
import {
  type AnyWebSocketService,
  type GivenOptions,
  rest,
  type ServiceDefinition,
  type AnyStreamOptions,
  ws,
} from "./definition.ts";
import { ClientMember } from "./member.ts";
import { defaultStopTimeoutMs as stopTimeoutMs } from "./registry-options.ts";
import { Run } from "./run.ts";
import { closeAll } from "./sequence.ts";
import { processEnvironment } from "../core/environment.ts";

let clients = new Map<string, BaseExternalService>();

/**
 * Makes a REST service and registers it on the default registry: of your class, or a ready RESTService. What
 * the options leave out is read from the environment, now: `payment_gateway` reads `PAYMENT_GATEWAY_URL` and so on.
 * It is usable once {@link initializeServices} has connected it.
 *
 * @throws ServiceConfigurationError for a name that is taken, and with every problem of options and settings at once.
 */
export function createRestClient(name: string, options?: GivenOptions<RESTServiceOptions>): RESTService;
export function createRestClient<T extends AnyRESTService, O extends RESTServiceOptions>(
  name: string,
  Class: new (options: O) => T,
  options: GivenOptions<O>,
): T;
export function createRestClient<T extends AnyRESTService>(
  name: string,
  Class: new (options: RESTServiceOptions) => T,
): T;
export function createRestClient(name: string, ...given: readonly unknown[]): RESTService {
  return create(name, rest(...(given as [])));
}

/** The same as `createRestClient` for a service over one WebSocket stream. */
export function createWsClient<Message = string | Uint8Array>(
  name: string,
  options?: GivenOptions<WebSocketServiceOptions<Message>>,
): WebSocketService<Message>;
export function createWsClient<T extends AnyWebSocketService, O extends AnyStreamOptions>(
  name: string,
  Class: new (options: O) => T,
  options: GivenOptions<O>,
): T;
export function createWsClient<T extends AnyWebSocketService>(
  name: string,
  Class: new (options: AnyStreamOptions) => T,
): T;
export function createWsClient(name: string, ...given: readonly unknown[]): WebSocketService {
  return create(name, ws(...(given as [])));
}

/**
 * A client of the default registry; with a class, looked at and typed as it.
 *
 * @throws ServiceConfigurationError for a name that is not registered, and for a client of another class.
 */
export function getServiceClient(name: string): BaseExternalService;
export function getServiceClient<T extends BaseExternalService>(
  name: string,
  Class: abstract new (...args: never) => T,
): T;
export function getServiceClient(
  name: string,
  Class?: abstract new (...args: never) => BaseExternalService,
): BaseExternalService {
  const client: BaseExternalService | undefined = clients.get(name);
  if (client === undefined) {
    throw new ServiceConfigurationError("services", [
      `no client is named ${JSON.stringify(name)}: register it with createRestClient or createWsClient; known are ${[...clients.keys()].join(", ") || "none"}`,
    ]);
  }
  if (Class === undefined || client instanceof Class) return client;
  throw new ServiceConfigurationError(name, [
    `it is a ${Object.getPrototypeOf(client).constructor.name}, and not a ${Class.name}`,
  ]);
}

/** `getServiceClient` for REST alone. @throws as it does. */
export function getRestClient(name: string): RESTService;
export function getRestClient<T extends AnyRESTService>(name: string, Class: abstract new (...args: never) => T): T;
export function getRestClient(
  name: string,
  Class: abstract new (...args: never) => RESTService = RESTService,
): RESTService {
  return getServiceClient(name, Class);
}

/** `getServiceClient` for WebSocket streams alone. @throws as it does. */
export function getWsClient(name: string): WebSocketService;
export function getWsClient<T extends AnyWebSocketService>(name: string, Class: abstract new (...args: never) => T): T;
export function getWsClient(
  name: string,
  Class: abstract new (...args: never) => WebSocketService = WebSocketService,
): WebSocketService {
  return getServiceClient(name, Class);
}

/**
 * Connects the clients of the default registry that are not connected yet, all at the same time, begun in the order of
 * their creation. Where one fails, or the signal aborts, those connected are closed again and the registry is empty, as
 * after {@link shutdownServices}.
 *
 * @throws What the client threw; the signal's reason.
 */
export async function initializeServices(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
  const { signal = new AbortController().signal } = options;
  const starting = clients;
  try {
    const parts = { clock: systemClock, random: systemRandom, logger: defaultLogger(), stopTimeoutMs };
    await new Run(membersOf(starting), parts).start(signal);
  } catch (error) {
    if (clients === starting) clients = new Map();
    throw error;
  }
}

/**
 * Closes the clients of the default registry, within 15 s. It is empty then, and may be used again.
 *
 * @throws ServiceStopError where some could not be closed, after all were tried.
 */
export async function shutdownServices(): Promise<void> {
  const closing = clients;
  clients = new Map();
  await closeAll(membersOf(closing).values(), { clock: systemClock, timeoutMs: stopTimeoutMs });
}

function membersOf(services: ReadonlyMap<string, BaseExternalService>): Map<string, ClientMember> {
  return new Map([...services].map(([name, service]) => [name, new ClientMember(name, service)]));
}

function create<T extends BaseExternalService>(name: string, definition: ServiceDefinition<T>): T {
  if (clients.has(name)) {
    throw new ServiceConfigurationError(name, ["the name is taken: call shutdownServices first, or take another"]);
  }
  const built = buildService(name, definition, { env: processEnvironment(), precedence: "code", shared: {} });
  if (built.kind !== "service") {
    const problems = built.kind === "wrong" ? built.problems : [`${built.variable} is not set`];
    throw new ServiceConfigurationError(name, problems);
  }
  clients.set(name, built.service);
  return built.service;
}
