import { isUtf8 } from "node:buffer";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Clock } from "../core/clock.ts";
import { watchStages } from "./dial/dial-stages.ts";
import { FrameBatch, maxBatchedBytes } from "./socket/frames.ts";
import { HeldMessages } from "./socket/held-messages.ts";
import { invalidUtf8, isFrameFault, OwnedWebSocket } from "./socket/owned-web-socket.ts";
import type { WebSocketOwner } from "./socket/web-socket-owner.ts";
import { PongDuty } from "./socket/pong-duty.ts";
import { readRefusal } from "./socket/refusal.ts";
import type { SocketEnd, SocketListener, SocketTarget, StreamSocket } from "./socket/stream-socket.ts";
import { wsOptions } from "./socket/ws-options.ts";

export type { SocketEnd, SocketListener, SocketTarget, StreamSocket } from "./socket/stream-socket.ts";

// Shorter than the idle limits of NATs and balancers (60 s and more); Node then probes ten times, one second apart.
const keepAliveAfterMs = 30_000;

// Made once for all sends: ws only reads them. Without permessage-deflate it compresses nothing in any case.
const plain = { text: { binary: false, compress: false }, binary: { binary: true, compress: false } };
const deflated = { text: { binary: false, compress: true }, binary: { binary: true, compress: true } };

const owner: unique symbol = Symbol("owner");

/** The TCP socket, or the tunnel, that a WebSocket goes over. */
type OwnedSocket = Socket & { [owner]?: WsSocket };

function onData(this: OwnedSocket): void {
  this[owner]?.heard();
}

function onRawError(this: OwnedSocket, error: Error): void {
  this[owner]?.broke(error);
}

function onEnd(this: OwnedSocket): void {
  this[owner]?.finished();
}

/** A connection of `ws`. Its `handshakeTimeout` is not used: it starts anew with every byte. */
export class WsSocket implements StreamSocket, WebSocketOwner {
  readonly #ws: OwnedWebSocket;
  readonly #clock: Clock;
  readonly #closeTimeoutMs: number;
  readonly #mayCompress: boolean;
  /** Below it, nothing is compressed. */
  readonly #thresholdBytes: number;
  #listener: SocketListener | undefined;
  #raw: OwnedSocket | undefined;
  #error: Error | undefined;
  #isOpen = false;
  /** The peer has sent what is no UTF-8, and was told so: nothing more is taken from it. */
  #isRefused = false;
  #pongs: PongDuty | undefined;
  /** Stops what waits for the end: the rest of a refusal, or of a connection that the peer has ended. */
  #stopWaiting: (() => void) | undefined;
  #lastByteAt = Number.NEGATIVE_INFINITY;
  /** Something was sent in this turn, and will be written at its end. */
  #isDue = false;
  #isCorked = false;
  /** The peer takes compressed messages: ws makes all frames then. */
  #compresses = false;
  /** What of it we put into frames ourselves; undefined before the first message, and where the peer takes compressed ones. */
  #frames: FrameBatch | undefined;
  /** What ws parsed after the pause; undefined while messages are told as they come. */
  #held: HeldMessages | undefined;

  /** @throws SyntaxError | TypeError for a target that `ws` or Node does not take. */
  constructor(target: SocketTarget, listener: SocketListener, clock: Clock) {
    this.#clock = clock;
    this.#listener = listener;
    this.#closeTimeoutMs = target.closeTimeoutMs;
    const { compression = false } = target;
    this.#mayCompress = compression !== false;
    this.#thresholdBytes = compression === false ? 0 : compression.thresholdBytes;
    this.#ws = new OwnedWebSocket(target.url, [...target.protocols], {
      ...wsOptions(target),
      finishRequest: (request) => {
        request.on("socket", (raw) => watchStages(raw, new URL(target.url), (stage) => this.#listener?.stage(stage)));
        request.end();
      },
    });
    this.#ws.owner = this;
  }

  get isWritable(): boolean {
    return this.#ws.readyState === OwnedWebSocket.OPEN;
  }

  get unsentBytes(): number {
    return this.#ws.bufferedAmount + (this.#frames?.bytes ?? 0);
  }

  get lastByteAt(): number {
    return this.#lastByteAt;
  }

  send(data: string | Uint8Array, done: (error?: Error) => void, bytes: number = Buffer.byteLength(data)): void {
    if (bytes <= maxBatchedBytes && !this.#compresses) {
      this.#frames ??= new FrameBatch();
      this.#frames.add(data, bytes, done);
      this.#writeLater();
      return;
    }
    this.#cork();
    this.writeFrames();
    // ws heeds the threshold only where the peer has agreed to take each message for itself.
    const isPlain = this.#thresholdBytes > 0 && bytes < this.#thresholdBytes;
    const { text, binary } = isPlain ? plain : deflated;
    // zlib reads later, of the small messages that wait behind another too: the caller may use its buffer again by then.
    const owned = this.#mayCompress && typeof data !== "string" ? new Uint8Array(data) : data;
    this.#ws.send(owned, typeof data === "string" ? text : binary, (error) => this.#written(error, done));
  }

  ping(payload: string): void {
    if (this.isWritable) this.#ws.ping(payload);
  }

  pause(): void {
    if (this.#held === undefined) this.#held = new HeldMessages();
    else this.#held.pause();
    this.#ws.pause();
  }

  resume(): void {
    if (this.#held === undefined) return;
    this.#held.resume();
    process.nextTick(WsSocket.#flow, this);
  }

  close(code = 1000, reason = ""): void {
    if (this.#listener !== undefined) this.#held?.tellAll(this.#listener);
    this.#cork();
    this.#ws.close(code, reason);
    this.#write();
  }

  destroy(): void {
    this.#forget();
    this.#ws.terminate();
  }

  /** One write of the kernel for all that is sent in this turn: a system call costs more than the frame. */
  #writeLater(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    process.nextTick(WsSocket.#writeNow, this);
  }

  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#raw?.cork();
    this.#writeLater();
  }

  static readonly #writeNow = (socket: WsSocket): void => socket.#write();

  // Not within `resume`: whoever calls it may be about to handle a message that came before.
  static readonly #flow = (socket: WsSocket): void => {
    if (socket.#held === undefined || socket.#listener === undefined) return;
    if (!socket.#held.tell(socket.#listener)) return;
    socket.#held = undefined;
    socket.#ws.resume();
  };

  #write(): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    this.writeFrames();
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#raw?.uncork();
  }

  /** What was put into frames so far goes out before whatever comes. */
  writeFrames(): void {
    if (this.#frames === undefined || this.#frames.bytes === 0) return;
    const { parts, dones } = this.#frames.take();
    const raw = this.#raw;
    if (raw === undefined || !this.isWritable || !raw.writable) {
      for (const done of dones) done(new Error("the socket was destroyed"));
      return;
    }
    const last = parts.length - 1;
    // Most have one part. Of several, the first would go ahead of the others.
    if (last > 0) raw.cork();
    for (let index = 0; index < last; index++) raw.write(parts[index] ?? "");
    raw.write(parts[last] ?? "", (error) => {
      for (const done of dones) this.#written(error, done);
    });
    if (last > 0) raw.uncork();
  }

  #written(error: Error | null | undefined, done: (error?: Error) => void): void {
    // Node completes the write that a destroyed socket cut short without an error.
    if (error != null || this.#raw?.destroyed === true) done(error ?? new Error("the socket was destroyed"));
    else done();
  }

  /** What follows is for the listeners above. */
  upgraded(raw: OwnedSocket): void {
    this.#raw = raw;
    raw[owner] = this;
    // ws swallows what broke an open connection.
    raw.on("error", onRawError);
  }

  refused(request: ClientRequest, response: IncomingMessage): void {
    // Node takes a 101 without the headers of an upgrade for an ordinary answer.
    if (response.statusCode === 101) {
      request.destroy(new Error("the answer is 101, but upgrades nothing"));
      return;
    }
    this.#stopWaiting = readRefusal(response, this.#clock, (end) => {
      this.#end(end);
      this.#ws.terminate();
    });
  }

  received(buffer: Buffer, isBinary: boolean): void {
    if (this.#isRefused) return;
    // Bytes stay the Buffer that ws made: another view of them for each message would be an eighth of what it costs.
    const data = isBinary ? buffer : this.#textOf(buffer);
    if (data === undefined) return;
    if (this.#held === undefined) this.#listener?.message(data, buffer.length);
    else this.#held.push(data, buffer.length);
  }

  /** Undefined where it is no UTF-8; the connection is ended then. */
  #textOf(buffer: Buffer): string | undefined {
    const text = buffer.toString();
    // What is no UTF-8 has become U+FFFD, which is found sooner than the bytes are looked at a second time.
    if (!text.includes("\uFFFD") || isUtf8(buffer)) return text;
    this.failed(invalidUtf8());
    this.#isRefused = true;
    this.#ws.close(1007);
    return undefined;
  }

  pinged(payload: Buffer): void {
    this.#pongs ??= new PongDuty((due, sent) => {
      if (this.isWritable) this.#ws.pong(due, undefined, sent);
    });
    this.#pongs.ping(payload);
  }

  ponged(payload: Buffer): void {
    this.#listener?.pong(payload.toString("latin1"));
  }

  failed(error: Error): void {
    if (!this.#isRefused) this.#error = error;
    if (!this.#isOpen) this.#end({ kind: "failed", error, wasOpen: false });
  }

  closed(code: number, reason: Buffer): void {
    const error = this.#error;
    if (error !== undefined && isFrameFault(error)) this.#end({ kind: "failed", error, wasOpen: true });
    else this.#end({ kind: "closed", code, reason: reason.toString("utf8"), error });
  }

  heard(): void {
    this.#lastByteAt = this.#clock.now();
  }

  broke(error: Error): void {
    this.#error ??= error;
  }

  /** The peer has ended its stream. ws ends ours, and would wait for ever for a peer that does not read on. */
  finished(): void {
    const timer = this.#clock.setTimer(this.#closeTimeoutMs, () => this.#ws.terminate());
    this.#stopWaiting = () => timer.cancel();
  }

  opened(): void {
    this.#isOpen = true;
    this.#compresses = this.#ws.extensions !== "";
    this.#lastByteAt = this.#clock.now();
    // Not at "upgrade": the socket would begin to flow before ws listens, and the first frames would be lost.
    // In front of ws: what it parses of a chunk came when the chunk did.
    this.#raw?.prependListener("data", onData).on("end", onEnd);
    // A tunnel may be another kind of stream.
    if (this.#raw instanceof Socket) this.#raw.setKeepAlive(true, keepAliveAfterMs);
    // ws takes no pause before it is open.
    if (this.#held !== undefined) this.#ws.pause();
    this.#listener?.opened({ protocol: this.#ws.protocol });
  }

  #end(end: SocketEnd): void {
    if (this.#listener !== undefined) this.#held?.tellAll(this.#listener);
    const listener = this.#listener;
    this.#forget();
    listener?.ended(end);
  }

  /** From now on nothing is told. */
  #forget(): void {
    if (this.#listener === undefined) return;
    this.#listener = undefined;
    this.#held?.clear();
    this.#stopWaiting?.();
    this.#pongs?.end();
    this.#ws.owner = undefined;
    // An error is all that the socket may still emit that matters: with no listener it would end the process.
    this.#raw?.off("data", onData).off("end", onEnd).on("error", ignore);
  }
}

function ignore(): void {}
