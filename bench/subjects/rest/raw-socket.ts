import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../suites/rest.ts";

/** A socket that is free, and what the call on it waits with. */
interface Lane {
  readonly socket: Socket;
  onAnswer: (body: string) => void;
}

/** The least that any client can do: it writes a request, finds where the answer's head ends, and parses the rest. */
export async function open({ method, origin, path, json, concurrency }: RestWork): Promise<Client> {
  const { hostname, port, host } = new URL(origin);
  const free: Lane[] = [];
  const all: Socket[] = [];
  for (let i = 0; i < concurrency; i++) {
    const socket = connect(Number(port), hostname);
    socket.setNoDelay(true);
    await once(socket, "connect");
    all.push(socket);
    free.push(laneOf(socket));
  }
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\naccept: application/json\r\n`;
  return {
    call: () =>
      new Promise((resolve) => {
        const lane = free.pop();
        if (lane === undefined) throw new Error("more calls than sockets");
        lane.onAnswer = (body) => {
          free.push(lane);
          resolve(JSON.parse(body));
        };
        lane.socket.write(head + tailOf(json), "latin1");
      }),
    [Symbol.asyncDispose]: async () => {
      for (const socket of all) socket.destroy();
    },
  };
}

function laneOf(socket: Socket): Lane {
  const lane: Lane = { socket, onAnswer: () => undefined };
  let pending: Buffer | undefined;
  socket.on("data", (chunk) => {
    const bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
    pending = undefined;
    const headEnd = bytes.indexOf("\r\n\r\n", 0, "latin1");
    const length =
      headEnd === -1 ? Number.NaN : Number(/content-length: (\d+)/.exec(bytes.toString("latin1", 0, headEnd))?.[1]);
    const bodyAt = headEnd + 4;
    if (bytes.length >= bodyAt + length) lane.onAnswer(bytes.toString("utf8", bodyAt, bodyAt + length));
    else pending = bytes;
  });
  return lane;
}

function tailOf(json: unknown): string {
  if (json === undefined) return "\r\n";
  const body = JSON.stringify(json);
  return `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
