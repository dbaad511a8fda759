import type { Socket } from "node:net";
import { ClientFault, ClientFrames, type ClientMessage } from "./client-frames.ts";
import type { DeflateContext } from "./deflate.ts";
import { frame, opcode } from "./frames.ts";
import type { ImitatedCase, Seen, Step } from "./imitated-case.ts";
import { isSame, type CaseRecord } from "./judge.ts";

/** Plays a case on a connection whose upgrade is done, and records what comes of it. */
export class CaseConnection {
  readonly #socket: Socket;
  readonly #case: ImitatedCase;
  readonly #ok: readonly Seen[];
  readonly #frames: ClientFrames;
  readonly #seen: Seen[] = [];
  /** Called when something was seen, and when it is over. */
  #onChange: (() => void) | undefined;
  #isScriptDone = false;
  #isOver = false;
  #sentClose = false;
  #gotClose = false;
  #endedBy: CaseRecord["endedBy"] = "nobody";
  #clientCode: number | undefined;
  #fault: string | undefined;

  /** @param inflater - where permessage-deflate was negotiated. */
  constructor(socket: Socket, one: ImitatedCase, inflater?: DeflateContext) {
    this.#frames = new ClientFrames(inflater);
    this.#socket = socket;
    this.#case = one;
    this.#ok = one.ok;
  }

  /** Resolves when the connection is over; the limit ends it at last. `head`: what came with the upgrade request. */
  async play(limitMs: number, head: Buffer): Promise<CaseRecord> {
    const socket = this.#socket;
    socket.setNoDelay(true);
    const over = new Promise<void>((resolve) => {
      socket.once("close", () => {
        this.#end("client");
        resolve();
      });
    });
    socket.on("error", () => undefined);
    socket.on("end", () => this.#end("client"));
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    const limit = setTimeout(() => {
      this.#isOver = true;
      socket.destroy();
    }, limitMs);
    if (head.length > 0) this.#read(head);
    await this.#run();
    await over;
    clearTimeout(limit);
    return {
      seen: this.#seen,
      endedBy: this.#endedBy,
      clientCode: this.#clientCode,
      isClean: this.#sentClose && this.#gotClose,
      fault: this.#fault,
    };
  }

  async #run(): Promise<void> {
    for (const step of this.#case.script) {
      if (this.#isOver) return;
      await this.#do(step);
    }
    this.#isScriptDone = true;
    this.#finishWhenDone();
  }

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case "send":
        return this.#write(step.bytes);
      case "chop":
        for (let at = 0; at < step.bytes.length && !this.#isOver; at += step.octets) {
          await this.#write(step.bytes.subarray(at, at + step.octets));
        }
        return undefined;
      case "wait":
        await this.#change(() => false, step.ms);
        if (!this.#isOver) this.#see({ kind: "waited", name: step.name });
        return undefined;
      case "until":
        return this.#change(() => this.#seen.length >= step.seen);
      case "close":
        this.#endedBy = "server";
        this.#sentClose = true;
        return this.#write(step.bytes);
    }
  }

  /** Until it holds, the connection is over, or the time has passed. */
  async #change(holds: () => boolean, ms?: number): Promise<void> {
    if (this.#isOver || holds()) return;
    await new Promise<void>((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(() => finish(), ms);
      const finish = (): void => {
        clearTimeout(timer);
        this.#onChange = undefined;
        resolve();
      };
      this.#onChange = () => {
        if (this.#isOver || holds()) finish();
      };
    });
  }

  /** Resolves when the kernel has it, so that the next write is a segment of its own. */
  async #write(bytes: Buffer): Promise<void> {
    if (this.#isOver || this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#socket.write(bytes, () => resolve());
    });
  }

  #read(chunk: Buffer): void {
    if (this.#fault !== undefined) return;
    try {
      for (const message of this.#frames.push(chunk)) this.#take(message);
    } catch (error) {
      if (!(error instanceof ClientFault)) throw error;
      this.#fault = error.message;
      this.#socket.destroy();
    }
  }

  #take({ kind, payload }: ClientMessage): void {
    if (this.#gotClose) throw new ClientFault("a frame after its Close frame");
    if (kind !== "close") {
      this.#see({ kind, payload });
      return;
    }
    this.#gotClose = true;
    this.#clientCode = payload.length < 2 ? undefined : payload.readUInt16BE(0);
    if (!this.#sentClose) {
      this.#end("client");
      this.#sentClose = true;
      this.#socket.write(frame(opcode.close, payload.subarray(0, 2)));
    }
    this.#isOver = true;
    this.#onChange?.();
    // The server closes the TCP connection: RFC 6455, section 7.1.1.
    this.#socket.end();
  }

  #see(one: Seen): void {
    this.#seen.push(one);
    this.#onChange?.();
    this.#finishWhenDone();
  }

  #finishWhenDone(): void {
    const isDue = this.#isScriptDone && !this.#isOver && !this.#sentClose && this.#case.ending.by === "server";
    if (!isDue || !isSame(this.#seen, this.#ok)) return;
    this.#endedBy = "server";
    this.#sentClose = true;
    this.#socket.write(frame(opcode.close, Buffer.from([0x03, 0xe8])));
  }

  #end(by: "client"): void {
    // After the limit it is nobody, and after our Close frame it was us.
    if (!this.#isOver && this.#endedBy === "nobody") this.#endedBy = by;
    this.#isOver = true;
    this.#onChange?.();
  }
}
