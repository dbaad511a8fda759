import { createServer, type IncomingMessage, type Server } from "node:http";
import net, { type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { silentLogger } from "../../src/core/logger.ts";
import type { DisconnectEvent } from "../../src/websocket/connection/disconnect-event.ts";
import type { ConsumerName } from "../../src/websocket/receive/lane.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { acceptOf } from "../support/websocket-accept.ts";

/** Turns the event loop until it holds. */
export async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 50_000;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`never came true: ${String(condition)}`);
    await new Promise<void>((done) => setImmediate(done));
  }
}

/** Turns the event loop so often: for what is to show that nothing comes of something. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((done) => setImmediate(done));
}

/** A far side on a port of its own that counts what it is asked. */
export interface Peer extends AsyncDisposable {
  readonly url: string;
  readonly connections: WebSocket[];
  readonly requests: IncomingMessage[];
  readonly received: (string | Buffer)[];
}

export interface PeerBehaviour {
  /** Answers the upgrade itself and returns true to keep it from opening. */
  readonly refuse?: (socket: Duplex, request: IncomingMessage, number: number) => boolean;
  readonly onConnection?: (socket: WebSocket, number: number) => void;
  readonly autoPong?: boolean;
}

/** A real WebSocket server on 127.0.0.1. */
export async function startPeer({ refuse, onConnection, autoPong = true }: PeerBehaviour = {}): Promise<Peer> {
  const http = createServer();
  const wss = new WebSocketServer({ noServer: true, autoPong });
  const peer = {
    connections: [] as WebSocket[],
    requests: [] as IncomingMessage[],
    received: [] as (string | Buffer)[],
  };
  http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => undefined);
    peer.requests.push(request);
    if (refuse?.(socket, request, peer.requests.length) === true) return;
    wss.handleUpgrade(request, socket, head, (ws) => {
      peer.connections.push(ws);
      ws.on("error", () => undefined);
      ws.on("message", (data, isBinary) =>
        peer.received.push(isBinary ? (data as Buffer) : (data as Buffer).toString()),
      );
      onConnection?.(ws, peer.connections.length);
    });
  });
  await listen(http);
  return {
    ...peer,
    url: urlOf(http),
    async [Symbol.asyncDispose]() {
      for (const ws of wss.clients) ws.terminate();
      http.closeAllConnections();
      await new Promise<void>((done) => http.close(() => done()));
    },
  };
}

/** Answers an upgrade request with a status. */
export function answer(socket: Duplex, status: number, headers: readonly string[] = [], body = ""): boolean {
  const lines = [`HTTP/1.1 ${status} No`, `content-length: ${body.length}`, "connection: close", ...headers];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
  return true;
}

/** A TCP server that does what it likes; its sockets are destroyed at the end. */
export async function startRaw(onSocket: (socket: net.Socket) => void): Promise<Peer> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  await listen(server);
  return {
    url: urlOf(server),
    connections: [],
    requests: [],
    received: [],
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}

async function listen(server: net.Server | Server): Promise<void> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
}

const urlOf = (server: net.Server | Server): string => `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** A service that keeps what it was told. */
export class Feed extends WebSocketService {
  readonly got: (string | Uint8Array)[] = [];
  readonly errors: { readonly error: unknown; readonly from: ConsumerName }[] = [];
  readonly ended: DisconnectEvent[] = [];
  connects = 0;
  greet: (feed: this) => void | Promise<void> = () => undefined;

  constructor(url: string, options: Partial<WebSocketServiceOptions> = {}) {
    super({ baseUrl: url, name: "feed", logger: silentLogger, reconnect: fast, ...options });
  }

  protected override onConnect(): void | Promise<void> {
    this.connects++;
    return this.greet(this);
  }

  protected override onDisconnect(event: DisconnectEvent): void {
    this.ended.push(event);
  }

  protected override onMessage(message: string | Uint8Array): void | Promise<void> {
    this.got.push(message);
  }

  protected override onError(error: unknown, from: ConsumerName): void {
    this.errors.push({ error, from });
  }
}

/** Reconnects within a few milliseconds of real time. */
export const fast: { baseDelayMs: number; maxDelayMs: number } = { baseDelayMs: 1, maxDelayMs: 5 };

/** What was thrown; fails where nothing was. */
export async function thrownBy(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** The 101 answer to an upgrade request. */
export function upgradeAnswer(key: string): string {
  return [
    "HTTP/1.1 101 Switching Protocols",
    "upgrade: websocket",
    "connection: upgrade",
    `sec-websocket-accept: ${acceptOf(key)}`,
    "\r\n",
  ].join("\r\n");
}

/** A short text frame of a server. */
export function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]);
}
