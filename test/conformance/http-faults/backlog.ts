import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";

/** A port where the kernel takes no more connections, until it is freed. */
export interface FullBacklog {
  readonly port: number;
  /** Takes the connections; from then on, every request is answered with these bytes. */
  free(): Promise<void>;
  close(): Promise<void>;
}

// Node accepts whatever comes as long as its loop turns; so the loop that listens is one that stands still.
const listener = `
  const { createServer } = require("node:net");
  const { parentPort, workerData: { gate, answer } } = require("node:worker_threads");
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.write(answer));
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => {
      Atomics.wait(new Int32Array(gate), 0, 0);
      let turns = 0;
      const turn = () => void (++turns < 20 ? setImmediate(turn) : parentPort.postMessage("taken"));
      turn();
    });
  });
`;

export async function fullBacklog(answer: string): Promise<FullBacklog> {
  const gate = new SharedArrayBuffer(4);
  const worker = new Worker(listener, { eval: true, workerData: { gate, answer } });
  const [port] = (await once(worker, "message")) as [number];
  // A backlog of 1 holds two connections; of the others, the kernel drops the first packet.
  const plugs = Array.from({ length: 4 }, () => plug(port));
  await Promise.all(plugs.slice(0, 2).map(async (socket) => once(socket, "connect")));
  const free = async (): Promise<void> => {
    for (const socket of plugs) socket.destroy();
    const taken = once(worker, "message");
    Atomics.store(new Int32Array(gate), 0, 1);
    Atomics.notify(new Int32Array(gate), 0);
    await taken;
  };
  return {
    port,
    free,
    close: async () => {
      for (const socket of plugs) socket.destroy();
      await worker.terminate();
    },
  };
}

function plug(port: number): Socket {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined);
  return socket;
}
