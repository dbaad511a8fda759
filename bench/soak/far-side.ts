// The far side of the soak: REST services and streams that misbehave on a seeded plan. Its arguments are the seed and
// the port, 0 for any. Tells `{ port }` when it listens; `calm` and `storm` switch the plan off and on; it ends with
// whoever started it.
import type { AddressInfo } from "node:net";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { seededRandom } from "../../src/core/seeded-random.ts";
import type { ServerReady } from "../run-suite.ts";
import { answer } from "./far-answers.ts";
import { FarStreams } from "./far-streams.ts";
import { type Misdeed, misdeedFor } from "./misdeeds.ts";

const [seed = 1, port = 0] = process.argv.slice(2).map(Number);
/** Above the limit of an attempt, below that of a call. */
const lateMs = 1_300;
const usualMs = 25;
/** Connections that nobody uses are closed by this side, now and then in the moment when a request is on its way. */
const keepAliveMs = 2_500;

const random = seededRandom(seed, "requests");
let isStormy = true;

const server = createServer((request, response) => {
  // Whatever is left of a request whose client is gone.
  request.on("error", () => undefined);
  const misdeed = isStormy ? misdeedFor(random) : undefined;
  const waitMs = misdeed === "late" ? lateMs : random() * usualMs;
  setTimeout(() => act(request, response, misdeed), waitMs);
});
server.keepAliveTimeout = keepAliveMs;
const streams = new FarStreams(server, seededRandom(seed, "streams"));

function act(request: IncomingMessage, response: ServerResponse, misdeed: Misdeed | undefined): void {
  const { socket } = request;
  if (socket.destroyed) return;
  switch (misdeed) {
    case "unavailable":
      response.writeHead(503, { "retry-after": "1" }).end();
      break;
    case "throttled":
      response.writeHead(429, { "retry-after": "1" }).end();
      break;
    case "error":
      response.writeHead(500, { "content-type": "application/json" }).end('{"title":"it broke"}');
      break;
    case "reset":
      socket.resetAndDestroy();
      break;
    case "garbage":
      socket.end("this is no answer\r\n\r\n");
      break;
    case "mistyped":
      response.writeHead(200, { "content-type": "application/json" }).end('{"half":');
      break;
    case "silent":
      request.resume();
      break;
    case "late":
    case "cut":
    case undefined:
      answer(request, response, { isCut: misdeed === "cut" });
  }
}

process.on("message", (message) => {
  isStormy = message === "storm";
  streams.isStormy = isStormy;
});
process.on("disconnect", () => process.exit());

server.listen(port, "127.0.0.1", () => {
  process.send?.({ port: (server.address() as AddressInfo).port } satisfies ServerReady);
});
