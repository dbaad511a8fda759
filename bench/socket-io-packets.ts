// What Engine.IO 4 and Socket.IO 5 put into the messages of a WebSocket: as much of it as the suites need.
import type { Payload } from "./websocket-frames.ts";

/** The first message of a server. No ping is due for a day, and none of that is waited for: nobody answers pings here. */
export const opening = `0${JSON.stringify({
  sid: "engine",
  upgrades: [],
  pingInterval: 86_400_000,
  pingTimeout: 20_000,
  maxPayload: 16_777_216,
})}`;

/** The answer to a client that connects to the main namespace, with `40`. */
export const connected = '40{"sid":"socket"}';

/** The name of all events. */
export const eventName = "m";

/** The messages of an event with this argument: for bytes there are two. @param isJson - the text is a value of its own. */
export function eventMessages(payload: Payload, isJson: boolean): readonly Payload[] {
  if (typeof payload !== "string") return [`451-["${eventName}",{"_placeholder":true,"num":0}]`, payload];
  return [`42["${eventName}",${isJson ? payload : JSON.stringify(payload)}]`];
}
