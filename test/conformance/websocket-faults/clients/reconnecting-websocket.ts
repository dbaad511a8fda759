import Imported from "reconnecting-websocket";
import { type Client, type ClientSettings, type Peer, urlOf } from "./client.ts";
import { listen } from "./listeners.ts";
import { limitedWebSocket } from "./ws.ts";

// CommonJS with a default export of its own, which Node and TypeScript see differently.
const ReconnectingWebSocket = ((Imported as unknown as { default?: typeof Imported }).default ??
  Imported) as unknown as typeof Imported.default;

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

export const reconnectingWebsocket: Peer = {
  name: "reconnecting-websocket",
  setUp: "over `ws`, set up as partysocket, which began as a copy of it.",
  hasProvider: true,
  open,
};
