// A far side of many origins that costs as little as it can, and answers as late as it is told: `GET /json/200` with 200
// bytes of JSON, and a message over a WebSocket with one of 32 bytes. `GET /delay/d25` makes that 25 ms from now on,
// `GET /delay/held` for ever: until another delay is set, which answers all that wait. `GET /pending` says how many wait,
// `GET /ports` which ports there are. Tells `{ port }` when it listens, and for any message what it has done so far;
// ends with whoever started it.
import { createServer, type Server, type Socket } from "node:net";
import { httpAnswer, jsonOfSize } from "../canned-answers.ts";
import { readRequestHead } from "../request-head.ts";
import type { ServerCount, ServerReady } from "../run-suite.ts";
import { clientFrameBytes, payloadOf, serverFrame, upgradeAnswer } from "../websocket-frames.ts";

const origins = 100;
const json = httpAnswer(jsonOfSize(200));
const frame = serverFrame(payloadOf("text-32B"));
const frameBytes = clientFrameBytes(payloadOf("text-32B"));

/** What waits to be written, the first that is due first. */
let waiting: { readonly dueAt: number; readonly socket: Socket; readonly bytes: Buffer }[] = [];
let first = 0;
let delayMs = 0;
let timer: NodeJS.Timeout | undefined;
let requests = 0;

function answer(socket: Socket, bytes: Buffer): void {
  requests += 1;
  if (delayMs === 0) socket.write(bytes);
  else {
    waiting.push({ dueAt: performance.now() + delayMs, socket, bytes });
    wake();
  }
}

function wake(): void {
  if (delayMs !== Number.POSITIVE_INFINITY) timer ??= setTimeout(writeDue, 1);
}

function writeDue(): void {
  timer = undefined;
  const now = performance.now();
  for (let next = waiting[first]; next !== undefined && next.dueAt <= now; next = waiting[++first])
    next.socket.write(next.bytes);
  if (first === waiting.length) {
    waiting = [];
    first = 0;
  } else wake();
}

function setDelay(ms: number): void {
  for (const { socket, bytes } of waiting.slice(first)) socket.write(bytes);
  waiting = [];
  first = 0;
  delayMs = ms;
}

function serveRequest(socket: Socket, name: string): void {
  if (name === "200") answer(socket, json);
  else if (name === "ports") socket.write(httpAnswer(JSON.stringify(servers.map(portOf))));
  else if (name === "pending") socket.write(httpAnswer(String(waiting.length - first)));
  else {
    setDelay(name === "held" ? Number.POSITIVE_INFINITY : Number(name.slice(1)));
    socket.write(httpAnswer("null"));
  }
}

function serve(socket: Socket): void {
  let pending: Buffer | undefined;
  socket.setNoDelay(true);
  // A client that measures is ended in the middle of its last calls.
  socket.on("error", () => socket.destroy());
  socket.on("data", function read(chunk) {
    let bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
    pending = undefined;
    while (bytes.length > 0) {
      const head = readRequestHead(bytes, 0);
      if (head === undefined || head.length > bytes.length) {
        pending = bytes;
        return;
      }
      if (head.name === "echo") {
        socket.off("data", read);
        serveMessages(socket, bytes.toString("latin1"));
        return;
      }
      serveRequest(socket, head.name);
      bytes = bytes.subarray(head.length);
    }
  });
}

function serveMessages(socket: Socket, request: string): void {
  let unanswered = 0;
  socket.write(upgradeAnswer(request)?.answer ?? "");
  socket.on("data", (chunk) => {
    // Pings are longer or shorter than messages, and none is due in the time of a run.
    for (unanswered += chunk.length; unanswered >= frameBytes; unanswered -= frameBytes) answer(socket, frame);
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

const servers = Array.from({ length: origins }, () => createServer(serve));
await Promise.all(
  servers.map(
    (server) =>
      new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 1_024 }, () => resolve())),
  ),
);
const [main] = servers;
if (main !== undefined) process.send?.({ port: portOf(main) } satisfies ServerReady);

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ requests, cpuUs: user + system } satisfies ServerCount);
});
process.on("disconnect", () => process.exit());
