import { byId } from "./named.ts";
import type { Named } from "./suite.ts";
import type { Payload } from "./websocket-frames.ts";

/** What is sent and received; a value as it is where the subject makes and parses JSON itself. */
export type Data = Payload | object;

/** An open connection, whatever holds it. */
export interface WebSocketClient extends AsyncDisposable {
  /** Resolves when the bytes are with the kernel. */
  send(data: Data): Promise<void>;
  /** Sends so many without a pause between them, and resolves when all are with the kernel. */
  burst(make: () => Data, count: number): Promise<void>;
}

/** Gets a text message as `string`, a binary one as bytes. */
export type OnMessage = (data: Data) => void | Promise<void>;

/** What a WebSocket can be held with. */
export interface WebSocketSubject extends Named {
  readonly connect: (url: string, onMessage: OnMessage) => Promise<WebSocketClient>;
  /** It makes and parses JSON itself: is given values, and gives them. @defaultValue false */
  readonly speaksJson?: boolean;
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
    id: "undici",
    about: "The `WebSocket` of undici, which Node's own is an older one of.",
    connect: async (...how) => (await import("./subjects/websocket/undici.ts")).connect(...how),
  },
  {
    id: "socket.io",
    about: "socket.io-client over the WebSocket alone, no compression; each message is an event of its own protocol.",
    speaksJson: true,
    connect: async (...how) => (await import("./subjects/websocket/socket-io.ts")).connect(...how),
  },
];

export const webSocketSubjects: readonly WebSocketSubject[] = all;

/** Whether it makes and parses JSON itself. @throws RangeError for a subject that is not there. */
export function speaksJson(subject: string): boolean {
  return byId(all, subject).speaksJson === true;
}

/** @throws RangeError for a subject that is not there. */
export function connectAs(subject: string, url: string, onMessage: OnMessage): Promise<WebSocketClient> {
  return byId(all, subject).connect(url, onMessage);
}
