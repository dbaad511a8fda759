import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** Told what becomes of a WebSocket. */
export interface WebSocketOwner {
  /** The service has agreed; nothing of the WebSocket has been read yet. */
  upgraded(raw: Socket): void;
  opened(): void;
  /** The answer is another than the one hoped for. Whoever is told reads it, or gives it up. */
  refused(request: ClientRequest, response: IncomingMessage): void;
  /** Text is not known to be UTF-8. */
  received(data: Buffer, isBinary: boolean): void;
  pinged(payload: Buffer): void;
  ponged(payload: Buffer): void;
  failed(error: Error): void;
  closed(code: number, reason: Buffer): void;
  /** What was sent so far is to be written before what follows. */
  writeFrames(): void;
}
