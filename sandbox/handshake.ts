import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { type Answer, encodeAnswer } from "./answer.ts";
import { pause } from "./pause.ts";

/** The lines that every 101 begins with; `ws` puts the same three first. */
const opening = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"] as const;

/** A request to open a stream, not answered yet. */
export interface Handshake {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

/** Answers handshakes, at once or byte by byte. */
export class HandshakeServer {
  readonly #server = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: 1024 * 1024 });
  readonly #begun = new WeakSet<IncomingMessage>();

  constructor() {
    this.#server.on("headers", (headers, request) => {
      if (this.#begun.has(request)) headers.splice(0, opening.length);
    });
  }

  /** Answers 101. */
  accept({ request, socket, head }: Handshake, onOpen: (stream: WebSocket) => void): void {
    this.#server.handleUpgrade(request, socket, head, onOpen);
  }

  /** Sends the lines that every 101 begins with byte by byte, over `ms`; `accept` then sends the rest. */
  async begin({ request, socket }: Handshake, ms: number, closing: AbortSignal): Promise<void> {
    this.#begun.add(request);
    const bytes = opening.map((line) => `${line}\r\n`).join("");
    for (const byte of bytes) {
      await pause(ms / bytes.length, closing);
      if (socket.destroyed) return;
      socket.write(byte);
    }
  }
}

/** Answers a handshake with an error and ends its connection. */
export function refuseHandshake({ socket }: Handshake, answer: Answer): void {
  const { headers, payload } = encodeAnswer(answer);
  const lines = Object.entries({ ...headers, connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? "Error"}\r\n${lines.join("")}\r\n`);
  socket.end(payload);
}
