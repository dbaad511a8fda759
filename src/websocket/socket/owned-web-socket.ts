import { isUtf8 } from "node:buffer";
import type { ClientRequest, IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import type { WebSocketOwner } from "./web-socket-owner.ts";

/**
 * A `ws` socket that tells one owner. Without one it tells nobody, and an error does not end the process.
 *
 * Its owner is told by `emit` itself, which ws tells everything by: listeners would cost memory in each stream, and time
 * for each message.
 */
export class OwnedWebSocket extends WebSocket {
  owner: WebSocketOwner | undefined;

  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    // Most of all events, and alone here: V8 inlines what is short, and a message passes many functions.
    if (event !== "message") return this.#emitOther(event, first, second);
    // With ws's default binaryType, "nodebuffer", it is always one Buffer.
    this.owner?.received(first as Buffer, second as boolean);
    return true;
  }

  #emitOther(event: string | symbol, first: unknown, second: unknown): boolean {
    switch (event) {
      case "ping":
        this.owner?.pinged(first as Buffer);
        return true;
      case "pong":
        this.owner?.ponged(first as Buffer);
        return true;
      case "upgrade":
        this.owner?.upgraded((first as IncomingMessage).socket);
        return true;
      case "open":
        this.owner?.opened();
        return true;
      case "unexpected-response":
        this.owner?.refused(first as ClientRequest, second as IncomingMessage);
        return true;
      case "error":
        this.owner?.failed(first as Error);
        return true;
      case "close":
        this.owner?.closed(first as number, second as Buffer);
        return true;
      default:
        return super.emit(event, first, second);
    }
  }

  /** Also called by ws itself, when the peer has closed: what was sent goes before the Close frame in either case. */
  override close(code?: number, reason?: string | Buffer): void {
    this.owner?.writeFrames();
    // What the peer gave as its reason, which ws hands on.
    if (reason instanceof Buffer && !isUtf8(reason)) {
      this.owner?.failed(invalidUtf8());
      super.close(1007);
    } else super.close(code, reason);
  }
}

/** As ws has it, which leaves the text of messages and Close frames to us. */
export function invalidUtf8(): Error {
  return Object.assign(new Error("Invalid WebSocket frame: invalid UTF-8 sequence"), { code: "WS_ERR_INVALID_UTF8" });
}

/** What ws, or zlib for it, finds wrong with the frames of the peer. */
export function isFrameFault(error: Error): boolean {
  return /^(?:WS_ERR|Z)_/.test(String((error as { code?: unknown }).code));
}
