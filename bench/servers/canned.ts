// A server that costs as little as it can: it looks for the end of each request and writes a whole answer that was made
// beforehand. `GET /json/200` is answered with 200 bytes of JSON, and so is a POST there. It listens on one port plainly
// and on another over TLS. Tells its ports and its certificate when it listens, and for any message what it has done so
// far; ends with whoever started it.
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTLSServer } from "node:tls";
import { httpAnswer, jsonOfSize } from "../canned-answers.ts";
import { makeCertificate } from "../certificate.ts";
import { readRequestHead } from "../request-head.ts";
import type { ServerCount, ServerReady } from "../run-suite.ts";

const answers = new Map([200, 10_240, 1_048_576].map((size) => [String(size), httpAnswer(jsonOfSize(size))]));
let requests = 0;

function serve(socket: Socket): void {
  let pending: Buffer | undefined;
  socket.setNoDelay(true);
  socket.on("data", (chunk) => {
    let bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
    pending = undefined;
    while (bytes.length > 0) {
      const head = readRequestHead(bytes, 0);
      if (head === undefined || head.length > bytes.length) {
        pending = bytes;
        return;
      }
      const answer = answers.get(head.name);
      if (answer === undefined) throw new RangeError(`there is no answer ${head.name}`);
      requests += 1;
      socket.write(answer);
      bytes = bytes.subarray(head.length);
    }
  });
  // A client that measures is ended in the middle of its last calls.
  socket.on("error", () => socket.destroy());
}

async function portOf(server: Server): Promise<number> {
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1_024 });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

const certificate = await makeCertificate();
const port = await portOf(createServer(serve));
const tlsPort = await portOf(createTLSServer(certificate, serve));
process.send?.({ port, tls: { port: tlsPort, ca: certificate.cert } } satisfies ServerReady);

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ requests, cpuUs: user + system } satisfies ServerCount);
});
process.on("disconnect", () => process.exit());
