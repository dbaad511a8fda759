import type { Socket } from "node:net";
import { systemClock } from "../../src/core/clock.ts";
import { type SocketEnd, type SocketListener, type SocketTarget, WsSocket } from "../../src/websocket/transport.ts";
import { type Peer, startRaw, upgradeAnswer } from "./peer.ts";

/** A socket on its way to the peer, and what it told. */
export interface Dialled {
  readonly socket: WsSocket;
  readonly told: string[];
  readonly ended: Promise<SocketEnd>;
}

/** Dials; `listener` hears instead of the record what it names. */
export function dial(
  url: string,
  changes: Partial<SocketTarget> = {},
  listener: Partial<SocketListener> = {},
): Dialled {
  const told: string[] = [];
  const ended = Promise.withResolvers<SocketEnd>();
  const target = { url, headers: {}, protocols: [], maxPayloadBytes: 1_000, closeTimeoutMs: 50, tls: {}, ...changes };
  const socket = new WsSocket(
    target,
    {
      stage: (stage) => void told.push(stage),
      opened: () => void told.push("opened"),
      message: (data) => void told.push(String(data)),
      pong: (payload) => void told.push(`pong ${payload}`),
      ended: (end) => {
        told.push("ended");
        ended.resolve(end);
      },
      ...listener,
    },
    systemClock,
  );
  return { socket, told, ended: ended.promise };
}

/** A raw peer that accepts the upgrade, and then does what it likes. */
export async function startUpgraded(then: (socket: Socket) => void, headers: readonly string[] = []): Promise<Peer> {
  return startRaw((socket) =>
    socket.once("data", (request: Buffer) => {
      const answer = upgradeAnswer(/^sec-websocket-key: (.*)$/im.exec(request.toString())?.[1]?.trim() ?? "");
      socket.write(answer.replace("\r\n\r\n", ["", ...headers, "\r\n"].join("\r\n")));
      then(socket);
    }),
  );
}

/** A frame of a server, of any length. */
export function frame(opcode: number, payload: Uint8Array | string, isLast = true): Buffer {
  const body = Buffer.from(payload);
  const head = Buffer.alloc(body.length < 126 ? 2 : body.length < 65_536 ? 4 : 10);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  head[1] = body.length < 126 ? body.length : body.length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(body.length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, body]);
}
