import { type Client, type ClientSettings, urlOf } from "./client.ts";
import { type On, listen } from "./listeners.ts";
import { limitedWebSocket } from "./ws.ts";

/** The options that partysocket has of reconnecting-websocket, as far as they are used here. */
interface ReconnectingOptions {
  readonly WebSocket: unknown;
  readonly connectionTimeout: number;
  readonly minReconnectionDelay: number;
  readonly maxReconnectionDelay: number;
  readonly reconnectionDelayGrowFactor: number;
  readonly minUptime: number;
}

interface ReconnectingSocket {
  binaryType: string;
  addEventListener: On;
  send(message: string): void;
  close(): void;
}

/** The class of reconnecting-websocket, or of partysocket, which began as a copy of it. */
export type ReconnectingClass = new (
  url: string | (() => Promise<string>),
  protocols: string[],
  options: ReconnectingOptions,
) => ReconnectingSocket;

/** Sets one of the two up, over `ws`. */
export function openReconnecting(socketClass: ReconnectingClass, settings: ClientSettings): Client {
  const { hears, limits, protocols, provider } = settings;
  const where = provider === undefined ? urlOf(settings) : async () => urlOf(settings, await provider());
  const socket = new socketClass(where, [...protocols], {
    WebSocket: limitedWebSocket(settings),
    connectionTimeout: limits.connectTimeoutMs,
    minReconnectionDelay: limits.baseDelayMs,
    maxReconnectionDelay: limits.maxDelayMs,
    reconnectionDelayGrowFactor: 2,
    minUptime: limits.stableAfterMs,
  });
  socket.binaryType = "arraybuffer";
  listen((name, listener) => socket.addEventListener(name, listener), hears);
  return {
    send: (message) => {
      socket.send(message);
      return undefined;
    },
    close: async () => socket.close(),
  };
}
