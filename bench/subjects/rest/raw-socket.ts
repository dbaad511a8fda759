import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTLS } from "node:tls";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";

/** A socket that is free, and what the call on it waits with. */
interface Lane {
  readonly socket: Socket;
  onAnswer: (body: string) => void;
}

/** The least that any client can do: it writes a request, finds where the answer's head ends, and parses the rest. */
export async function open({ method, origin, path, json, concurrency }: RestWork): Promise<Client> {
  const { host } = new URL(origin);
  const free: Lane[] = [];
  const all: Socket[] = [];
  for (let i = 0; i < concurrency; i++) {
    const socket = await connected(origin);
    socket.setNoDelay(true);
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

async function connected(origin: string): Promise<Socket> {
  const { protocol, hostname: host, port } = new URL(origin);
  const isTLS = protocol === "https:";
  const socket = isTLS ? connectTLS({ host, port: Number(port) }) : connect(Number(port), host);
  await once(socket, isTLS ? "secureConnect" : "connect");
  return socket;
}

function laneOf(socket: Socket): Lane {
  const lane: Lane = { socket, onAnswer: () => undefined };
  let chunks: Buffer[] = [];
  let came = 0;
  let length = Number.NaN;
  let bodyAt = 0;
  socket.on("data", (chunk) => {
    // What the server writes begins a chunk, and its head is never cut.
    if (came === 0) {
      bodyAt = chunk.indexOf("\r\n\r\n", 0, "latin1") + 4;
      length = bodyAt + Number(/content-length: (\d+)/.exec(chunk.toString("latin1", 0, bodyAt))?.[1]);
    }
    chunks.push(chunk);
    came += chunk.length;
    if (came < length) return;
    const whole = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    chunks = [];
    came = 0;
    lane.onAnswer(whole.toString("utf8", bodyAt, length));
  });
  return lane;
}

function tailOf(json: unknown): string {
  if (json === undefined) return "\r\n";
  const body = JSON.stringify(json);
  return `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}
