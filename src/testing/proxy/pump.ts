import type { Socket } from "node:net";
import type { Random } from "../../core/clock.ts";
import { afterRealMs, realNow } from "../real-time.ts";
import type { Direction } from "./proxy-faults.ts";

/** What is on its way: bytes, the end of the stream, or a reset. */
type InFlight =
  | { readonly is: "bytes"; readonly chunk: Buffer; readonly dueAt: number }
  | { readonly is: "end" | "reset"; readonly dueAt: number };

// What the line holds: more is left in the kernel of whoever sends it.
const maxInFlightBytes = 1024 * 1024;
// A slow line passes on a twentieth of a second's worth at a time.
const piecesPerSecond = 20;

/** What a pump needs of its connection. */
export interface PumpHost {
  /** What is to be done, now. */
  faults(): Direction;
  readonly random: Random;
  /** The other side is to be reset, too. */
  reset(): void;
}

/** Carries the bytes of one direction of a connection. */
export class Pump {
  readonly #source: Socket;
  readonly #target: Socket;
  readonly #host: PumpHost;
  /** In order: what was sent later waits behind what was sent before, whatever was drawn for it. */
  #inFlight: InFlight[] = [];
  #inFlightBytes = 0;
  /** When the line is free for the next piece. */
  #freeAt = 0;
  #stopTimer: (() => void) | undefined;
  #isDraining = false;
  #isOver = false;
  #bytes = 0;

  constructor(source: Socket, target: Socket, host: PumpHost) {
    this.#source = source;
    this.#target = target;
    this.#host = host;
    source.on("data", (chunk: Buffer) => this.#take(chunk));
    source.on("end", () => this.#add({ is: "end", dueAt: this.#due(host.faults().closeDelayMs) }));
    source.on("error", () => {
      // Its end was passed on already.
      if (this.#isOver) return host.reset();
      // A reset overtakes what is on its way.
      this.#inFlight = [];
      this.#add({ is: "reset", dueAt: realNow() });
    });
  }

  /** How many bytes have been passed on. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What is to be done has changed. */
  wake(): void {
    this.#run();
  }

  /** Nothing is passed on any more. */
  stop(): void {
    this.#isOver = true;
    this.#stopTimer?.();
    this.#inFlight = [];
  }

  #take(chunk: Buffer): void {
    if (this.#isOver) return;
    this.#inFlightBytes += chunk.length;
    if (this.#inFlightBytes >= maxInFlightBytes) this.#source.pause();
    this.#add({ is: "bytes", chunk, dueAt: this.#due(0) });
  }

  #due(moreMs: number): number {
    const { latencyMs, jitterMs } = this.#host.faults();
    return realNow() + latencyMs + (jitterMs === 0 ? 0 : jitterMs * this.#host.random()) + moreMs;
  }

  #add(what: InFlight): void {
    if (this.#isOver) return;
    this.#inFlight.push(what);
    this.#run();
  }

  #run(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    while (!this.#isOver && !this.#isDraining) {
      const faults = this.#host.faults();
      if (faults.stall) {
        this.#source.pause();
        return;
      }
      const [next] = this.#inFlight;
      if (this.#inFlightBytes < maxInFlightBytes && this.#source.isPaused()) this.#source.resume();
      if (next === undefined) return;
      const isSlow = next.is === "bytes" && Number.isFinite(faults.bytesPerSecond);
      const waitMs = Math.max(next.dueAt, isSlow ? this.#freeAt : 0) - realNow();
      if (waitMs > 0) {
        this.#stopTimer = afterRealMs(waitMs, () => this.#run());
        return;
      }
      this.#inFlight.shift();
      if (next.is === "bytes") this.#pass(next.chunk, faults, next.dueAt);
      else this.#finish(next.is);
    }
  }

  #pass(chunk: Buffer, faults: Direction, dueAt: number): void {
    const { bytesPerSecond, truncateAfterBytes, resetAfterBytes } = faults;
    const limit = Math.min(truncateAfterBytes, resetAfterBytes);
    const atOnce = Math.max(1, Math.ceil(bytesPerSecond / piecesPerSecond));
    const size = Math.min(chunk.length, atOnce, Math.max(0, limit - this.#bytes));
    const piece = chunk.subarray(0, size);
    if (size < chunk.length) this.#inFlight.unshift({ is: "bytes", chunk: chunk.subarray(size), dueAt });
    this.#inFlightBytes -= size;
    this.#bytes += size;
    if (Number.isFinite(bytesPerSecond)) {
      // A timer that fires late is made up for, and time in which nothing could be passed on is not.
      const beganAt = Math.max(dueAt, this.#freeAt, realNow() - 1_000 / piecesPerSecond);
      this.#freeAt = beganAt + (size / bytesPerSecond) * 1_000;
    }
    const isTaken = size === 0 || !this.#target.writable || this.#target.write(piece);
    if (this.#bytes >= limit) {
      if (resetAfterBytes <= truncateAfterBytes) this.#resetWhenWritten();
      else this.#truncate();
    } else if (!isTaken) {
      this.#isDraining = true;
      this.#target.once("drain", () => {
        this.#isDraining = false;
        this.#run();
      });
    }
  }

  #finish(how: "end" | "reset"): void {
    if (how === "reset") {
      this.#host.reset();
      return;
    }
    this.stop();
    this.#target.end();
  }

  #truncate(): void {
    this.stop();
    this.#target.end();
    // Not `destroy`: with bytes unread, the kernel would send a reset, and that overtakes what is to arrive.
    this.#source.end();
    this.#source.resume();
  }

  #resetWhenWritten(): void {
    this.#isOver = true;
    const reset = (): void => void setImmediate(() => this.#host.reset());
    // Behind what is to arrive, which a reset would overtake; it may still wait for the target to be connected.
    if (this.#target.writable) this.#target.write("", reset);
    else reset();
  }
}
