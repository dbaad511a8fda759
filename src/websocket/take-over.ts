import { isDeepStrictEqual } from "node:util";
import type { Environment } from "../core/environment.ts";
import { type ProxyRoute, proxyRoute } from "../core/proxy.ts";
import { Secret } from "../core/secret.ts";
import type { WebSocketSettings } from "./options.ts";

/** Those by which a connection is made: an open one still goes by the former ones. */
const ofConnection = [
  "endpoints",
  "apiKey",
  "auth",
  "headers",
  "protocols",
  "proxy",
  "tls",
  "maxPayloadBytes",
] as const;

/** What else can change while a stream runs; the rest is built into it. */
const ofStream = [
  "path",
  "connectTimeoutMs",
  "startTimeoutMs",
  "closeTimeoutMs",
  "sendTimeoutMs",
  "requestTimeoutMs",
  "pingTimeoutMs",
  "heartbeat",
  "reconnect",
  "rotation",
] as const;

type Changed = Pick<WebSocketSettings<unknown>, (typeof ofConnection)[number] | (typeof ofStream)[number]>;

/** What a running stream does once other settings are in force. */
export interface TakeOverParts {
  /** Later attempts go by them. */
  renew(route: ProxyRoute, hasOtherAuth: boolean): void;
  /** An open connection gives way to one by the new settings. */
  rotate(): void;
}

/**
 * Readies other settings of a stream; nothing changes yet.
 *
 * @returns what puts them in force, in place: the parts of a stream look at one object, for a copy in each would be a
 * part of what an idle one holds.
 * @throws ServiceConfigurationError for a proxy in the environment that cannot be used.
 */
export function readyTakeOver<Message>(
  settings: WebSocketSettings<Message>,
  fresh: WebSocketSettings<Message>,
  environment: Environment,
  parts: TakeOverParts,
): () => void {
  const route = proxyRoute(fresh.name, fresh.proxy, environment);
  return () => {
    const isOther = isOtherConnection(settings, fresh);
    const hasOtherAuth = isAuthChanged(settings, fresh);
    Object.assign(settings, Object.fromEntries([...ofConnection, ...ofStream].map((key) => [key, fresh[key]])));
    parts.renew(route, hasOtherAuth);
    if (isOther && settings.rotation !== false) parts.rotate();
  };
}

/** Whether a connection that is made now would be another than one that was made before. */
function isOtherConnection(before: Changed, after: Changed): boolean {
  // One that was made without pings has nothing that would begin them.
  const areBegun = before.heartbeat === false && after.heartbeat !== false;
  return areBegun || ofConnection.some((key) => !isSame(before[key], after[key]));
}

/** Whether the credentials of the next attempt are others. */
function isAuthChanged(before: Changed, after: Changed): boolean {
  return before.auth !== after.auth || !isSame(before.apiKey, after.apiKey);
}

function isSame(before: unknown, after: unknown): boolean {
  return isDeepStrictEqual(revealed(before), revealed(after));
}

const revealed = (value: unknown): unknown => (value instanceof Secret ? value.reveal() : value);
