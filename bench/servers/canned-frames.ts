// The far side of a WebSocket that costs as little as it can: it writes frames that were made beforehand, or counts the
// bytes that come. `/flood/json-200B` sends that message for as long as the client reads, `/flood/json-200B/1000` a
// thousand of them; `/sink/json-200B` counts what comes in messages of that size; anything else is silent. Tells
// `{ port }` when it listens, and for any message what it has done so far; ends with whoever started it.
import { createServer, type Socket } from "node:net";
import type { ServerCount, ServerReady } from "../run-suite.ts";
import { clientFrameBytes, payloadOf, serverFrame, upgradeAnswer } from "../websocket-frames.ts";

// As much as the client reads at once: a chunk of whole frames would be kinder than any network.
const chunkBytes = 64 * 1_024;
let messages = 0;

function serve(socket: Socket): void {
  let head = "";
  socket.setNoDelay(true);
  // A client that measures is ended in the middle of it.
  socket.on("error", () => socket.destroy());
  socket.on("data", function upgrade(chunk) {
    head += chunk.toString("latin1");
    const request = upgradeAnswer(head);
    if (request === undefined) return;
    socket.off("data", upgrade);
    socket.write(request.answer);
    messages += 1;
    begin(socket, request.path);
  });
}

function begin(socket: Socket, path: string): void {
  const [, what = "", payload = "", count = ""] = path.split("/");
  if (what === "sink") {
    const bytes = clientFrameBytes(payloadOf(payload));
    socket.on("data", (chunk) => {
      messages += chunk.length / bytes;
    });
    return;
  }
  // Pings are not answered, nor a Close frame: a client that is through destroys its socket.
  socket.resume();
  if (what === "flood")
    flood(socket, serverFrame(payloadOf(payload)), count === "" ? Number.POSITIVE_INFINITY : Number(count));
}

function flood(socket: Socket, frame: Buffer, count: number): void {
  const perChunk = Math.ceil(chunkBytes / frame.length);
  const chunk = Buffer.concat(Array.from({ length: perChunk }, () => frame));
  let left = count;
  const write = (): void => {
    while (left > 0 && !socket.destroyed) {
      const now = Math.min(left, perChunk);
      left -= now;
      messages += now;
      if (!socket.write(now === perChunk ? chunk : chunk.subarray(0, now * frame.length))) return;
    }
  };
  socket.on("drain", write);
  write();
}

const server = createServer(serve);
server.listen({ port: 0, host: "127.0.0.1", backlog: 1_024 }, () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  process.send?.({ port: address.port } satisfies ServerReady);
});

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ requests: messages, cpuUs: user + system } satisfies ServerCount);
});
process.on("disconnect", () => process.exit());
