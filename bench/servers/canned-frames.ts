// The far side of a WebSocket that costs as little as it can: it writes frames that were made beforehand, or counts the
// bytes that come. `/flood/json-200B` sends that message for as long as the client reads, `/flood/json-200B/1000` a
// thousand of them; `/sink/json-200B` counts what comes in messages of that size; anything else is silent. With
// `/socket.io` in front, the same as events of Socket.IO, over the WebSocket alone and as dumb. Tells
// `{ port }` when it listens, and for any message what it has done so far; ends with whoever started it.
import { createServer, type Socket } from "node:net";
import type { ServerCount, ServerReady } from "../run-suite.ts";
import { connected, opening } from "../socket-io-packets.ts";
import { framesOf, serverFrame, upgradeAnswer } from "../websocket-frames.ts";

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
    const [, ...path] = (request.path.split("?")[0] ?? "").split("/");
    if (path[0] === "socket.io") welcome(socket, path.slice(1));
    else begin(socket, path, false);
  });
}

function welcome(socket: Socket, path: readonly string[]): void {
  socket.write(serverFrame(opening));
  // The first that comes is the wish to be connected to the main namespace.
  socket.once("data", () => {
    socket.write(serverFrame(connected));
    begin(socket, path, true);
  });
}

function begin(socket: Socket, path: readonly string[], isSocketIo: boolean): void {
  const [what = "", payload = "", count = ""] = path;
  if (what === "sink") {
    const { clientBytes } = framesOf(payload, isSocketIo);
    socket.on("data", (chunk) => {
      messages += chunk.length / clientBytes;
    });
    return;
  }
  // Pings are not answered, nor a Close frame: a client that is through destroys its socket.
  socket.resume();
  if (what === "flood")
    flood(socket, framesOf(payload, isSocketIo).frames, count === "" ? Number.POSITIVE_INFINITY : Number(count));
}

/** @param frame - of one message; of some, more than one. */
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
