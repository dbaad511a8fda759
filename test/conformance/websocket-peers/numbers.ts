import { createServer, type Server } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { silentLogger } from "../../../src/core/logger.ts";
import { json } from "../../../src/websocket/codecs/codecs.ts";
import type { DisconnectEvent } from "../../../src/websocket/connection/disconnect-event.ts";
import type { WebSocketServiceOptions } from "../../../src/websocket/options.ts";
import { WebSocketService } from "../../../src/websocket/websocket-service.ts";

/** A far side that publishes numbers, and sends those again that came after the one it is told. */
export class Numbers implements AsyncDisposable {
  readonly port: number;
  readonly #visitors = new Set<WebSocket>();
  readonly #received: string[] = [];
  #server: Server | undefined;
  #sockets: WebSocketServer | undefined;
  #last = 0;
  /** Connections, and pings, that came in all. */
  connections = 0;
  pings = 0;

  constructor(port: number) {
    this.port = port;
  }

  get last(): number {
    return this.#last;
  }

  /** What its visitors sent, but for their greeting. */
  get received(): readonly string[] {
    return this.#received;
  }

  async start(): Promise<void> {
    const server = createServer((_request, response) => response.writeHead(426).end());
    const sockets = new WebSocketServer({ server });
    this.#server = server;
    this.#sockets = sockets;
    sockets.on("connection", (ws) => {
      this.connections += 1;
      ws.on("error", () => undefined);
      ws.on("ping", () => (this.pings += 1));
      ws.on("close", () => this.#visitors.delete(ws));
      ws.on("message", (data) => this.#take(ws, (data as Buffer).toString()));
    });
    await new Promise<void>((done) => server.listen(this.port, "127.0.0.1", done));
  }

  publish(): void {
    this.#last += 1;
    for (const ws of this.#visitors) ws.send(String(this.#last));
  }

  async stop(): Promise<void> {
    for (const ws of this.#sockets?.clients ?? []) ws.terminate();
    this.#server?.closeAllConnections();
    await new Promise<void>((done) => (this.#server === undefined ? done() : this.#server.close(() => done())));
    this.#server = undefined;
    this.#sockets = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #take(ws: WebSocket, text: string): void {
    const greeting = /^\{"after":(\d+)\}$/.exec(text);
    if (greeting === null) {
      this.#received.push(text);
      return;
    }
    for (let number = Number(greeting[1]) + 1; number <= this.#last; number++) ws.send(String(number));
    this.#visitors.add(ws);
  }
}

/** Keeps the numbers that it is given, and asks for those that it has missed. */
export class NumberFeed extends WebSocketService<number> {
  readonly got: number[] = [];
  readonly ended: DisconnectEvent[] = [];
  readonly failures: unknown[] = [];

  constructor(url: string, options: Partial<WebSocketServiceOptions<number>> = {}) {
    super({
      name: "numbers",
      baseUrl: url,
      logger: silentLogger,
      codec: json() as never,
      reconnect: { baseDelayMs: 5, maxDelayMs: 100 },
      // Long enough for a machine on which everything takes a while.
      startTimeoutMs: 60_000,
      sendTimeoutMs: 60_000,
      ...options,
    });
  }

  protected override async onConnect(): Promise<void> {
    await this.send({ after: this.got.at(-1) ?? 0 });
  }

  protected override onDisconnect(event: DisconnectEvent): void {
    this.ended.push(event);
  }

  protected override onMessage(number: number): void {
    this.got.push(number);
  }

  protected override onError(error: unknown): void {
    this.failures.push(error);
  }
}

/** The numbers up to this one, each once and in order. */
export const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
