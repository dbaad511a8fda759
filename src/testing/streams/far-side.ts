import type { IncomingMessage, Server } from "node:http";
import { getBuiltinModule } from "node:process";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { Awaited, type FarWaitOptions } from "./awaited.ts";
import { type FarMessage, FarSocket } from "./far-socket.ts";
import type { FarAcceptOptions } from "./handshake-answer.ts";
import { UpgradeRequest } from "./upgrade-request.ts";

// Not by an import: it reads all that node:http exports, and at that Node loads its own undici.
const { createServer } = getBuiltinModule("node:http");

/** Takes the WebSocket connections of clients, over whatever they come, and hands each out as a {@link FarSocket}. */
export class FarSide {
  readonly http: Server;
  readonly sockets: FarSocket[] = [];
  readonly history: FarMessage[] = [];
  /** The first thing that `onSocket` threw, or its promise was rejected with. */
  thrown: { readonly error: unknown } | undefined;
  readonly #waitMs: number;
  readonly #wss: WebSocketServer;
  readonly #dials = new Awaited<FarSocket>();
  readonly #onSocket: (socket: FarSocket) => unknown;
  #accepting: FarAcceptOptions = {};

  /** @param onSocket - told of each, before whoever waits for it; a connection for which it throws is cut. */
  constructor(waitMs: number, onSocket: (socket: FarSocket) => unknown) {
    this.#waitMs = waitMs;
    this.#onSocket = onSocket;
    this.#wss = new WebSocketServer({
      noServer: true,
      autoPong: false,
      perMessageDeflate: false,
      maxPayload: 2 ** 31 - 1,
      handleProtocols: (offered) => {
        const { protocol = [...offered][0] } = this.#accepting;
        return protocol === undefined || protocol === "" ? false : protocol;
      },
    });
    this.#wss.on("headers", (lines) => {
      for (const [name, value] of Object.entries(this.#accepting.headers ?? {})) lines.push(`${name}: ${value}`);
    });
    this.http = createServer((_request, response) => {
      response.writeHead(426, { connection: "close", upgrade: "websocket" }).end("a WebSocket is spoken here");
    });
    this.http.on("upgrade", (message: IncomingMessage, raw: Duplex, head: Buffer) => this.#ask(message, raw, head));
  }

  /** The next connection that nobody has taken. */
  async next(options: FarWaitOptions = {}): Promise<FarSocket> {
    return this.#dials.next("connection of a stream", this.#waitMs, options);
  }

  /** A client asks over this. */
  take(raw: Duplex): void {
    this.http.emit("connection", raw);
  }

  /** Cuts what is open; nobody who waits gets anything any more. */
  end(): void {
    this.#dials.end(new Error("the far side is disposed"));
    for (const socket of this.sockets) socket.cut();
    this.#wss.close();
  }

  #ask(message: IncomingMessage, raw: Duplex, head: Buffer): void {
    const socket = new FarSocket(this.sockets.length + 1, new UpgradeRequest(message), raw, {
      waitMs: this.#waitMs,
      history: this.history,
      upgrade: (options, opened) => {
        // ws asks for it within the call.
        this.#accepting = options;
        this.#wss.handleUpgrade(message, raw, head, opened);
      },
    });
    this.sockets.push(socket);
    // Not thrown here: it would end the process, and no test would be to blame.
    const failed = (error: unknown): void => {
      // Who answers message for message waits for the next one when the client leaves.
      if (socket.isItsEnd(error)) return;
      this.thrown ??= { error };
      socket.cut();
    };
    try {
      Promise.resolve(this.#onSocket(socket)).catch(failed);
    } catch (error) {
      failed(error);
    }
    this.#dials.push(socket);
  }
}
