import { isIP, type Socket } from "node:net";
import { type ClientOptions, WebSocket } from "ws";
import type { Clock, Timer } from "../core/clock.ts";
import type { DialStage } from "./connection-model.ts";
import type { TlsOptions } from "../core/tls.ts";

/** Where to dial, and how. */
export interface SocketTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  readonly maxPayloadBytes: number;
  /** After the peer's Close frame: how long its end of the TCP connection is waited for, in milliseconds. */
  readonly closeTimeoutMs: number;
  readonly tls: TlsOptions;
}

/** How a socket came to its end. */
export type SocketEnd =
  /** The answer to the upgrade request was not 101. */
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly headers: Readonly<Record<string, string | readonly string[]>>;
      readonly body: string;
    }
  /** No connection came about, or the peer broke the protocol on one. */
  | { readonly kind: "failed"; readonly error: Error; readonly wasOpen: boolean }
  /** It was open, and is closed; 1006 without a Close frame, 1005 with one that has no code. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string; readonly error: Error | undefined };

/** Told what a socket does, until it has ended or is destroyed. */
export interface SocketListener {
  stage(stage: DialStage): void;
  opened(): void;
  message(data: string | Uint8Array, bytes: number): void;
  pong(payload: string): void;
  ended(end: SocketEnd): void;
}

/** One WebSocket connection, whatever carries it. */
export interface StreamSocket {
  /** False before it is open, and once either side has begun to close. */
  readonly isWritable: boolean;
  /** Handed over and not yet given to the kernel. */
  readonly unsentBytes: number;
  /** When the last byte came, on the clock's scale. */
  readonly lastByteAt: number;
  /** `done` is called once, when the bytes are with the kernel, or with the error. */
  send(data: string | Uint8Array, done: (error?: Error) => void): void;
  ping(payload: string): void;
  pause(): void;
  resume(): void;
  /** Sends a Close frame with 1000; `ended` follows when the peer has answered. */
  close(): void;
  /** Gives it up at once. Nothing is told any more. */
  destroy(): void;
}

// Of a refusal's body; enough for a problem document, too little to be a burden.
const maxRefusalBytes = 16 * 1024;
const refusalBodyMs = 1_000;

// ws's own 16,384 fails four Autobahn cases (9.3.1 and the like: 4 MiB in 64-byte fragments); undici's bound does not.
const maxFragments = 131_072;

/** Dials with `ws`. Its `handshakeTimeout` is not used: it starts anew with every byte. */
export class WsSocket implements StreamSocket {
  readonly #ws: WebSocket;
  readonly #clock: Clock;
  #listener: SocketListener | undefined;
  #raw: Socket | undefined;
  #error: Error | undefined;
  #bodyTimer: Timer | undefined;
  #lastByteAt = Number.NEGATIVE_INFINITY;
  #phase: "dialing" | "open" = "dialing";

  /** @throws SyntaxError | TypeError for a target that `ws` or Node does not take. */
  constructor(target: SocketTarget, listener: SocketListener, clock: Clock) {
    this.#clock = clock;
    this.#listener = listener;
    const { ca, cert, key, rejectUnauthorized } = target.tls;
    const options: ClientOptions & { closeTimeout: number; maxFragments: number } = {
      headers: { ...target.headers },
      // Costs memory per connection, and ws itself warns of it (websockets/ws#1202).
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: target.maxPayloadBytes,
      maxFragments,
      closeTimeout: target.closeTimeoutMs,
      ...(ca === undefined ? {} : { ca: ca as string | Buffer | (string | Buffer)[] }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      finishRequest: (request) => {
        request.on("socket", (socket) => this.#watchStages(socket, new URL(target.url)));
        request.end();
      },
    };
    this.#ws = new WebSocket(target.url, [...target.protocols], options);
    this.#listen();
  }

  get isWritable(): boolean {
    return this.#ws.readyState === WebSocket.OPEN;
  }

  get unsentBytes(): number {
    return this.#ws.bufferedAmount;
  }

  get lastByteAt(): number {
    return this.#lastByteAt;
  }

  send(data: string | Uint8Array, done: (error?: Error) => void): void {
    this.#ws.send(data, { binary: typeof data !== "string" }, (error) => {
      // Node completes the write that a destroyed socket cut short without an error.
      if (error != null || this.#raw?.destroyed === true) done(error ?? new Error("the socket was destroyed"));
      else done();
    });
  }

  ping(payload: string): void {
    if (this.isWritable) this.#ws.ping(payload);
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  close(): void {
    this.#ws.close(1000);
  }

  destroy(): void {
    this.#listener = undefined;
    this.#bodyTimer?.cancel();
    this.#ws.terminate();
  }

  // All of it before the dial has begun: frames may share the segment of the 101 answer.
  #listen(): void {
    const ws = this.#ws;
    ws.on("upgrade", ({ socket }) => {
      this.#raw = socket;
      // ws swallows what broke an open connection.
      socket.on("error", (error) => {
        this.#error ??= error;
      });
    });
    ws.on("open", () => {
      this.#phase = "open";
      this.#lastByteAt = this.#clock.now();
      // Not at "upgrade": the socket would begin to flow before ws listens, and the first frames would be lost.
      this.#raw?.on("data", () => {
        this.#lastByteAt = this.#clock.now();
      });
      this.#listener?.opened();
    });
    ws.on("message", (data, isBinary) => {
      // With ws's default binaryType, "nodebuffer", it is always one Buffer.
      const buffer = data as Buffer;
      this.#listener?.message(isBinary ? bytesOf(buffer) : buffer.toString("utf8"), buffer.length);
    });
    ws.on("pong", (data) => this.#listener?.pong(data.toString("latin1")));
    ws.on("unexpected-response", (_request, response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = (): void => {
        const headers = Object.fromEntries(Object.entries(response.headers)) as Record<string, string | string[]>;
        const body = Buffer.concat(chunks).subarray(0, maxRefusalBytes).toString("utf8");
        this.#end({ kind: "refused", status: response.statusCode ?? 0, headers, body });
        this.destroy();
      };
      // The status is known; a body that does not come must not turn it into a timeout.
      this.#bodyTimer = this.#clock.setTimer(refusalBodyMs, finish);
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= maxRefusalBytes) finish();
      });
      response.on("end", finish);
      response.on("error", finish);
    });
    ws.on("error", (error) => {
      this.#error = error;
      if (this.#phase === "dialing") this.#end({ kind: "failed", error, wasOpen: false });
    });
    ws.on("close", (code, reason) => {
      const error = this.#error;
      if (error !== undefined && isFrameFault(error)) this.#end({ kind: "failed", error, wasOpen: true });
      else this.#end({ kind: "closed", code, reason: reason.toString("utf8"), error });
    });
  }

  #watchStages(socket: Socket, { protocol, hostname }: URL): void {
    const connected: DialStage = protocol === "wss:" ? "tls" : "upgrade";
    this.#listener?.stage(isIP(hostname.replace(/^\[|\]$/g, "")) === 0 ? "name" : "tcp");
    socket.once("lookup", () => this.#listener?.stage("tcp"));
    socket.once("connect", () => this.#listener?.stage(connected));
    socket.once("secureConnect", () => this.#listener?.stage("upgrade"));
  }

  #end(end: SocketEnd): void {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#bodyTimer?.cancel();
    listener?.ended(end);
  }
}

/** What ws finds wrong with the frames of the peer. */
function isFrameFault(error: Error): boolean {
  return String((error as { code?: unknown }).code).startsWith("WS_ERR_");
}

// A plain Uint8Array: Buffer's own `slice` and `toString` are not what the type promises.
function bytesOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
