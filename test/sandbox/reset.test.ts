import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resetSocket } from "../../sandbox/reset.ts";

let client: Socket;
let served: Socket;
let stop: () => Promise<void>;
beforeEach(async () => {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  client = connect((server.address() as { port: number }).port, "127.0.0.1");
  [served] = (await once(server, "connection")) as [Socket];
  client.resume();
  stop = async () => {
    client.destroy();
    served.destroy();
    server.close();
    await once(server, "close");
  };
});
afterEach(() => stop());

const endOf = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    socket.once("end", () => resolve("FIN"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
  });

test("an open socket is reset", async () => {
  const ended = endOf(client);
  resetSocket(served);

  expect(await ended).toBe("ECONNRESET");
});

test("a socket that is just being ended is closed, and does not outlive its process", async () => {
  const problems: Error[] = [];
  served.on("error", (error) => problems.push(error));
  const closed = once(served, "close");
  served.end();
  resetSocket(served);

  await closed;
  expect(problems).toEqual([]);
});

test("a socket that has been ended is reset", async () => {
  served.end();
  await once(served, "finish");
  const closed = once(served, "close");
  resetSocket(served);

  await closed;
  expect(served.destroyed).toBe(true);
});
