import { ArrayQueue, ExponentialBackoff, WebsocketBuilder, WebsocketEvent } from "websocket-ts";
import { type Client, type ClientSettings, type Peer, urlOf } from "./client.ts";
import { listen, makeGlobal } from "./listeners.ts";
import { limitedWebSocket } from "./ws.ts";

function open(settings: ClientSettings): Client {
  const { hears, limits, protocols } = settings;
  makeGlobal(limitedWebSocket(settings));
  const builder = new WebsocketBuilder(urlOf(settings))
    .withProtocols([...protocols])
    .withBackoff(
      new ExponentialBackoff(limits.baseDelayMs, Math.ceil(Math.log2(limits.maxDelayMs / limits.baseDelayMs))),
    )
    .withBuffer(new ArrayQueue());
  listen((name, listener) => {
    builder[adders[name]]((_socket: unknown, event: unknown) => listener(event as never));
  }, hears);
  const socket = builder.build();
  return {
    send: (message) => {
      socket.send(message);
      return undefined;
    },
    close: async () => socket.close(),
  };
}

const adders = {
  [WebsocketEvent.open]: "onOpen",
  [WebsocketEvent.message]: "onMessage",
  [WebsocketEvent.error]: "onError",
  [WebsocketEvent.close]: "onClose",
} as const;

export const websocketTs: Peer = {
  name: "websocket-ts",
  setUp:
    "over `ws` (as the global WebSocket, with `maxPayload` and `closeTimeout`): an `ExponentialBackoff` and a buffer. It " +
    "has no limit for connecting, none for a connection to count as stable, no heartbeat and no place for a promise in its " +
    "URL, and `send` tells nothing.",
  hasProvider: false,
  open,
};
