import { isDeepStrictEqual } from "node:util";
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

/** Whether a connection that is made now would be another than one that was made before. */
export function isOtherConnection(before: Changed, after: Changed): boolean {
  // One that was made without pings has nothing that would begin them.
  const areBegun = before.heartbeat === false && after.heartbeat !== false;
  return areBegun || ofConnection.some((key) => !isSame(before[key], after[key]));
}

/** Whether the credentials of the next attempt are others. */
export function isAuthChanged(before: Changed, after: Changed): boolean {
  return before.auth !== after.auth || !isSame(before.apiKey, after.apiKey);
}

/** In place: the parts of a stream look at one object, for a copy in each would be a part of what an idle one holds. */
export function overwrite(settings: Changed, fresh: Changed): void {
  Object.assign(settings, Object.fromEntries([...ofConnection, ...ofStream].map((key) => [key, fresh[key]])));
}

function isSame(before: unknown, after: unknown): boolean {
  return isDeepStrictEqual(revealed(before), revealed(after));
}

const revealed = (value: unknown): unknown => (value instanceof Secret ? value.reveal() : value);
