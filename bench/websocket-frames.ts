// What the far side of the WebSocket suites sends, and how it takes an upgrade.
import { createHash } from "node:crypto";
import { jsonOfSize } from "./canned-answers.ts";
import { eventMessages } from "./socket-io-packets.ts";

/** The content of one message. */
export type Payload = string | Uint8Array;

/** By the name that a workload, and the path of the far side, has for it. */
export const payloads: ReadonlyMap<string, Payload> = new Map<string, Payload>([
  ["text-32B", "x".repeat(32)],
  ["text-1KiB", "x".repeat(1_024)],
  ["text-64KiB", "x".repeat(65_536)],
  ["json-200B", jsonOfSize(200)],
  ["binary-32B", bytesOfSize(32)],
  ["binary-1KiB", bytesOfSize(1_024)],
  ["binary-64KiB", bytesOfSize(65_536)],
]);

function bytesOfSize(size: number): Uint8Array {
  return new Uint8Array(size).map((_, index) => index % 251);
}

/** Whether the text of a payload is JSON, and is to be made and parsed as such. */
export function isJson(name: string): boolean {
  return name.startsWith("json");
}

/** @throws RangeError for a name that is not there. */
export function payloadOf(name: string): Payload {
  const payload = payloads.get(name);
  if (payload === undefined) throw new RangeError(`there is no payload ${name}`);
  return payload;
}

/** An unmasked frame, as a server sends it. */
export function serverFrame(payload: Payload): Buffer {
  const body = Buffer.from(payload);
  const head = Buffer.alloc(body.length < 126 ? 2 : body.length < 65_536 ? 4 : 10);
  head[0] = typeof payload === "string" ? 0x81 : 0x82;
  head[1] = body.length < 126 ? body.length : body.length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(body.length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, body]);
}

/** Bytes of the frame in which a client sends the payload: with a mask. */
export function clientFrameBytes(payload: Payload): number {
  return serverFrame(payload).length + 4;
}

/** The frames in which a server sends the payload of this name, and the bytes in which a client does. */
export function framesOf(name: string, isSocketIo: boolean): { readonly frames: Buffer; readonly clientBytes: number } {
  const payload = payloadOf(name);
  const messages = isSocketIo ? eventMessages(payload, isJson(name)) : [payload];
  return {
    frames: Buffer.concat(messages.map(serverFrame)),
    clientBytes: messages.reduce((sum, message) => sum + clientFrameBytes(message), 0),
  };
}

/** The answer to an upgrade request; undefined where its head is not whole yet. */
export function upgradeAnswer(request: string): { readonly path: string; readonly answer: string } | undefined {
  if (!request.includes("\r\n\r\n")) return undefined;
  const path = /^GET (\S+) /.exec(request)?.[1] ?? "";
  const key = /\r\nsec-websocket-key: *(\S+)/i.exec(request)?.[1] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const answer = [
    "HTTP/1.1 101 Switching Protocols",
    "upgrade: websocket",
    "connection: upgrade",
    `sec-websocket-accept: ${accept}`,
    "\r\n",
  ].join("\r\n");
  return { path, answer };
}
