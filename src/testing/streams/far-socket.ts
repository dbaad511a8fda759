import { getBuiltinModule } from "node:process";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { ServiceConfigurationError } from "../../core/errors.ts";
import { Awaited, type FarWaitOptions } from "./awaited.ts";
import { closeProblems } from "./close-frame.ts";
import { acceptProblems, type FarAcceptOptions, refusalProblems } from "./handshake-answer.ts";
import type { UpgradeRequest } from "./upgrade-request.ts";

// Not by an import: it reads all that node:http exports, and at that Node loads its own undici.
const { STATUS_CODES } = getBuiltinModule("node:http");

/** How a connection ended, as its far side saw it. */
export interface FarEnd {
  /** What the client's Close frame said: 1005 where it said nothing, 1006 where there was none. */
  readonly code: number;
  readonly reason: string;
}

/**
 * Where a far socket is. `accepted` is one that did not open, for its client had gone or asked for no WebSocket;
 * `closing` one on which either side has sent a Close frame.
 */
export type FarState = "asked" | "refused" | "accepted" | "open" | "closing" | "closed";

/** One message of a conversation, as the far side saw it. */
export interface FarMessage {
  /** {@link FarSocket.number} of its connection. */
  readonly connection: number;
  /** `received` from the client, or `sent` to it. */
  readonly direction: "received" | "sent";
  readonly message: string | Uint8Array;
}

/**
 * What a far socket needs of the side that it belongs to.
 * @internal
 */
export interface FarHost {
  readonly waitMs: number;
  /** What was said on all connections, in order. */
  readonly history: FarMessage[];
  /** Writes the answer; `opened` is not called where the client has gone already. */
  upgrade(options: FarAcceptOptions, opened: (ws: WebSocket) => void): void;
}

/**
 * The service's side of one WebSocket, in the hands of a test. It begins with the upgrade request, which waits until it
 * is accepted, refused or cut.
 */
export class FarSocket {
  /** Of the connections of its far side, the first is 1. */
  readonly number: number;
  readonly request: UpgradeRequest;
  /** What the client has sent so far: text as `string`, binary as `Uint8Array`. */
  readonly received: (string | Uint8Array)[] = [];
  /** Settles when the connection is over. */
  readonly ended: Promise<FarEnd>;
  readonly #host: FarHost;
  readonly #raw: Duplex;
  readonly #messages = new Awaited<string | Uint8Array>();
  readonly #end = Promise.withResolvers<FarEnd>();
  #state: FarState = "asked";
  #ws: WebSocket | undefined;
  /** With what those who wait for a message are told that none comes any more. */
  #over: Error | undefined;
  #isSilent = false;
  #isPaused = false;

  /** @internal */
  constructor(number: number, request: UpgradeRequest, raw: Duplex, host: FarHost) {
    this.number = number;
    this.request = request;
    this.#host = host;
    this.#raw = raw;
    this.ended = this.#end.promise;
    raw.on("error", () => undefined);
    raw.once("close", () => this.#finish(1006, ""));
    // Before it is accepted nobody reads, and a client that gives up would not be noticed.
    raw.once("end", this.#onEarlyEnd);
  }

  get state(): FarState {
    return this.#state === "open" && this.#ws?.readyState !== this.#ws?.OPEN ? "closing" : this.#state;
  }

  /** How many messages wait for {@link FarSocket.nextMessage}. */
  get unread(): number {
    return this.#messages.size;
  }

  /**
   * Answers 101: the stream is open.
   *
   * @throws ServiceConfigurationError for headers that cannot be sent, and a protocol that was not offered.
   */
  accept(options: FarAcceptOptions = {}): this {
    this.#assert("accept", ["asked"]);
    const { protocol } = options;
    const { protocols } = this.request;
    refuse([
      ...acceptProblems(options),
      ...(protocol === undefined || protocol === "" || protocols.includes(protocol)
        ? []
        : [
            `accept: the client does not offer ${JSON.stringify(protocol)}; it offers ${protocols.join(", ") || "none"}`,
          ]),
    ]);
    this.#state = "accepted";
    this.#raw.off("end", this.#onEarlyEnd);
    this.#host.upgrade(options, (ws) => this.#open(ws));
    return this;
  }

  /**
   * Answers with another status than 101, and closes.
   *
   * @param status - 200 to 599.
   * @param body - text as it is; anything else as JSON.
   * @throws ServiceConfigurationError for another status, and headers that cannot be sent.
   */
  refuse(status: number, headers: Readonly<Record<string, string>> = {}, body: unknown = ""): void {
    this.#assert("refuse", ["asked"]);
    refuse(refusalProblems(status, headers));
    const text = typeof body === "string" ? body : asJson("refuse", body);
    this.#state = "refused";
    const all = {
      ...(typeof body === "string" ? {} : { "content-type": "application/json" }),
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      "content-length": String(Buffer.byteLength(text)),
      connection: "close",
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#raw.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}\r\n${lines.join("")}\r\n${text}`);
  }

  /** Sends text, bytes, or anything else as JSON. */
  send(message: unknown): this {
    this.#assert("send", ["accepted", "open"]);
    const data = typeof message === "string" || message instanceof Uint8Array ? message : asJson("send", message);
    // There is none where it did not open.
    if (this.#ws === undefined) return this;
    this.#host.history.push({ connection: this.number, direction: "sent", message: data });
    this.#ws.send(data, () => undefined);
    return this;
  }

  /** The next message of the client that nobody has taken. @throws Error where none comes in time, or at all. */
  async nextMessage(options: FarWaitOptions = {}): Promise<string | Uint8Array> {
    return this.#messages.next(`message of the client on connection ${this.number}`, this.#host.waitMs, options);
  }

  /** The same, parsed. @throws as {@link FarSocket.nextMessage}; SyntaxError for what is no JSON. */
  async nextJson(options: FarWaitOptions = {}): Promise<unknown> {
    const message = await this.nextMessage(options);
    return JSON.parse(typeof message === "string" ? message : Buffer.from(message).toString()) as unknown;
  }

  /**
   * Sends a Close frame.
   *
   * @throws ServiceConfigurationError for a code that may not be sent (RFC 6455, section 7.4.1), and a reason above 123
   * bytes.
   */
  close(code = 1000, reason = ""): void {
    this.#assert("close", ["accepted", "open"]);
    refuse(closeProblems(code, reason));
    this.#ws?.close(code, reason);
  }

  /** Ends the connection without a Close frame, as a process that was stopped does. Harmless when it is over. */
  cut(): void {
    this.#raw.destroy();
  }

  /** Breaks it with a reset, as a process that was killed does. Harmless when it is over. */
  reset(): void {
    const raw = this.#raw as Duplex & { reset?: () => void; resetAndDestroy?: () => void };
    if (raw.reset !== undefined) raw.reset();
    else if (raw.resetAndDestroy !== undefined) raw.resetAndDestroy();
    else raw.destroy();
  }

  /** From now on no ping is answered: what a stream that is watched by pings must find out. */
  silence(): this {
    this.#isSilent = true;
    return this;
  }

  /** From now on nothing is read: what the client sends fills the buffers, and then waits. */
  pause(): this {
    this.#isPaused = true;
    this.#ws?.pause();
    return this;
  }

  /** Reads on. */
  resume(): this {
    this.#isPaused = false;
    this.#ws?.resume();
    return this;
  }

  /** Whether it was thrown because the connection is over. @internal */
  isItsEnd(error: unknown): boolean {
    return error === this.#over;
  }

  #open(ws: WebSocket): void {
    this.#ws = ws;
    this.#state = "open";
    ws.on("error", () => undefined);
    ws.on("ping", (payload) => {
      if (!this.#isSilent && ws.readyState === ws.OPEN) ws.pong(payload);
    });
    ws.on("message", (data: Buffer, isBinary) => {
      const message = isBinary ? new Uint8Array(data) : data.toString();
      this.received.push(message);
      this.#host.history.push({ connection: this.number, direction: "received", message });
      this.#messages.push(message);
    });
    ws.on("close", (code, reason) => this.#finish(code, reason.toString()));
    if (this.#isPaused) ws.pause();
  }

  readonly #onEarlyEnd = (): void => void this.#raw.destroy();

  #finish(code: number, reason: string): void {
    // ws tells the code of an open connection a moment after its socket is closed.
    if (this.#ws !== undefined && this.#ws.readyState !== this.#ws.CLOSED) return;
    this.#state = "closed";
    this.#over ??= new Error(`connection ${this.number} is closed (${code}), and no message is left`);
    this.#messages.end(this.#over);
    this.#end.resolve({ code, reason });
  }

  #assert(what: string, states: readonly FarState[]): void {
    const { state } = this;
    if (states.includes(state)) return;
    const hint = state === "asked" ? "accept it first" : `it is ${state}`;
    throw new Error(`cannot ${what} connection ${this.number}: ${hint}`);
  }
}

function asJson(what: string, message: unknown): string {
  // Its JSON would be {}.
  if (message instanceof Promise) refuse([`${what} needs the message itself, not a promise: await it first`]);
  const text: unknown = JSON.stringify(message);
  if (typeof text === "string") return text;
  throw new ServiceConfigurationError("testing", [`${what} needs text, bytes, or what can be written as JSON`]);
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new ServiceConfigurationError("testing", problems);
}
