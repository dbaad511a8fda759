import { type ClientOptions, WebSocket } from "ws";
import { type Client, type ClientSettings, messageOf, type Peer, urlOf } from "./client.ts";

/** What `ws` has of the limits of the case. */
export function wsOptions({ limits, ca }: ClientSettings): ClientOptions {
  const { maxPayloadBytes, closeTimeoutMs } = limits;
  // Its types lag behind: closeTimeout is in its documentation.
  return {
    maxPayload: maxPayloadBytes,
    closeTimeout: closeTimeoutMs,
    ...(ca === undefined ? {} : { ca }),
  } as ClientOptions;
}

/** The class that the libraries on top of it are given, so that they have the same limits. */
export function limitedWebSocket(settings: ClientSettings): new (url: string, protocols?: string[]) => WebSocket {
  const options = wsOptions(settings);
  return class extends WebSocket {
    constructor(url: string, protocols: string[] = []) {
      super(url, protocols, options);
    }
  };
}

/** The usual recipe: a function that connects, and calls itself by a timer when the connection is closed. */
function open(settings: ClientSettings): Client {
  const { hears, limits, protocols, provider } = settings;
  let ws: WebSocket | undefined;
  let isClosing = false;
  let retries = 0;
  let retry: NodeJS.Timeout | undefined;

  const reconnect = (): void => {
    if (isClosing) return;
    retry = setTimeout(connect, Math.min(limits.maxDelayMs, limits.baseDelayMs * 2 ** retries));
    retries += 1;
  };

  const connect = (): void => {
    if (provider === undefined) dial(undefined);
    else provider().then(dial, (error: unknown) => (hears.told(error), reconnect()));
  };

  const dial = (credential: string | undefined): void => {
    if (isClosing) return;
    const socket = new WebSocket(urlOf(settings, credential), [...protocols], {
      ...wsOptions(settings),
      handshakeTimeout: limits.connectTimeoutMs,
    });
    ws = socket;
    let heartbeat: NodeJS.Timeout | undefined;
    let isOpen = false;
    socket.on("open", () => {
      isOpen = true;
      retries = 0;
      if (limits.pingIntervalMs !== false) heartbeat = startHeartbeat(socket, limits.pingIntervalMs);
      hears.opened();
    });
    // oxlint-disable-next-line typescript/no-misused-promises
    socket.on("message", (data, isBinary) => hears.message(messageOf(data, isBinary)));
    socket.on("error", (error) => hears.told(error));
    socket.on("close", (closeCode, reason) => {
      clearInterval(heartbeat);
      hears.told({ closeCode, closeReason: reason.toString() });
      if (isOpen) hears.lost();
      reconnect();
    });
  };

  connect();
  return {
    send: async (message) =>
      new Promise((resolve, reject) => {
        if (ws === undefined) throw new Error("not connected");
        ws.send(message, (error) => (error == null ? resolve() : reject(error)));
      }),
    close: async () => {
      isClosing = true;
      clearTimeout(retry);
      ws?.close();
    },
  };
}

/** As in its README, "How to detect and close broken connections?". */
function startHeartbeat(socket: WebSocket, everyMs: number): NodeJS.Timeout {
  let isAlive = true;
  socket.on("pong", () => {
    isAlive = true;
  });
  return setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    socket.ping();
  }, everyMs);
}

export const ws: Peer = {
  name: "ws",
  setUp:
    "with the usual recipe around it: a `connect` function that calls itself by `setTimeout` upon `close`, with a delay " +
    "that doubles and starts anew upon `open`; `handshakeTimeout`, `maxPayload`, `closeTimeout`; and the heartbeat of its " +
    "README (`ping` at an interval, `terminate` where no pong came in between), whose one limit is the interval. `send` " +
    "with a callback, which has no limit of time.",
  hasProvider: true,
  open,
};
