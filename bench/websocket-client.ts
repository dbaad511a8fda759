import { byId } from "./named.ts";
import type { Named } from "./suite.ts";
import type { Payload } from "./websocket-frames.ts";

/** An open connection, whatever holds it. */
export interface WebSocketClient extends AsyncDisposable {
  /** Resolves when the bytes are with the kernel. */
  send(data: Payload): Promise<void>;
  /** Sends so many without a pause between them, and resolves when all are with the kernel. */
  burst(make: () => Payload, count: number): Promise<void>;
}

/** Gets a text message as `string`, a binary one as bytes. */
export type OnMessage = (data: Payload) => void | Promise<void>;

/** What a WebSocket can be held with. */
export interface WebSocketSubject extends Named {
  readonly connect: (url: string, onMessage: OnMessage) => Promise<WebSocketClient>;
}

export const bareSubject = "ws";

const all: readonly WebSocketSubject[] = [
  {
    id: bareSubject,
    about: "A bare `ws` socket with three listeners; no compression, as in Hawser.",
    connect: async (...how) => (await import("./subjects/websocket/ws.ts")).connect(...how),
  },
  {
    id: "hawser",
    about: "A `WebSocketService` with nothing but name and base URL.",
    connect: async (...how) => (await import("./subjects/websocket/hawser.ts")).connect(...how),
  },
  {
    id: "partysocket",
    about: "partysocket over the same `ws`.",
    connect: async (...how) => (await import("./subjects/websocket/partysocket.ts")).connect(...how),
  },
  {
    id: "WebSocket",
    about: "Node's own `WebSocket`, which is undici's.",
    connect: async (...how) => (await import("./subjects/websocket/node.ts")).connect(...how),
  },
];

export const webSocketSubjects: readonly WebSocketSubject[] = all;

/** @throws RangeError for a subject that is not there. */
export function connectAs(subject: string, url: string, onMessage: OnMessage): Promise<WebSocketClient> {
  return byId(all, subject).connect(url, onMessage);
}
