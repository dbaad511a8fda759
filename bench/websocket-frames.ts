// What the far side of the WebSocket suites sends, and how it takes an upgrade.
import { createHash } from "node:crypto";
import { jsonOfSize } from "./canned-answers.ts";

/** The content of one message. */
export type Payload = string | Uint8Array;

/** By the name that a workload, and the path of the far side, has for it. */
export const payloads: ReadonlyMap<string, Payload> = new Map<string, Payload>([
  ["text-32B", "x".repeat(32)],
  ["json-200B", jsonOfSize(200)],
  ["binary-1KiB", new Uint8Array(1_024).map((_, index) => index % 251)],
]);

/** @throws RangeError for a name that is not there. */
export function payloadOf(name: string): Payload {
  const payload = payloads.get(name);
  if (payload === undefined) throw new RangeError(`there is no payload ${name}`);
  return payload;
}

/** An unmasked frame, as a server sends it. @param payload - below 64 KiB. */
export function serverFrame(payload: Payload): Buffer {
  const body = Buffer.from(payload);
  const opcode = typeof payload === "string" ? 0x81 : 0x82;
  const head = body.length < 126 ? [opcode, body.length] : [opcode, 126, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from(head), body]);
}

/** Bytes of the frame in which a client sends the payload: with a mask. */
export function clientFrameBytes(payload: Payload): number {
  return serverFrame(payload).length + 4;
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
