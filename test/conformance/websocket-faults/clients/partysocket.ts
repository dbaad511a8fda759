import ReconnectingWebSocket from "partysocket/ws";
import { type Client, type ClientSettings, type Peer, urlOf } from "./client.ts";
import { listen } from "./listeners.ts";
import { limitedWebSocket } from "./ws.ts";

function open(settings: ClientSettings): Client {
  const { hears, limits, protocols, provider } = settings;
  const where = provider === undefined ? urlOf(settings) : async () => urlOf(settings, await provider());
  const socket = new ReconnectingWebSocket(where, [...protocols], {
    WebSocket: limitedWebSocket(settings),
    connectionTimeout: limits.connectTimeoutMs,
    minReconnectionDelay: limits.baseDelayMs,
    maxReconnectionDelay: limits.maxDelayMs,
    reconnectionDelayGrowFactor: 2,
    minUptime: limits.stableAfterMs,
  });
  socket.binaryType = "arraybuffer";
  listen((name, listener) => socket.addEventListener(name, listener as () => void), hears);
  return {
    send: (message) => {
      socket.send(message);
      return undefined;
    },
    close: async () => socket.close(),
  };
}

export const partysocket: Peer = {
  name: "partysocket",
  setUp:
    "over `ws` (as its `WebSocket`, with `maxPayload` and `closeTimeout`): `connectionTimeout`, the delays, a factor of 2 " +
    "and `minUptime`; an asynchronous function as its URL where there is a provider. It has no heartbeat, and `send` tells nothing. " +
    "`shouldReconnectOnClose` is left as it is: which codes are for good is what the cases are about, and it is asked of no status.",
  hasProvider: true,
  open,
};
