import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

const root = new URL("../../", import.meta.url).pathname;

/** A mock of an OpenAPI document, in a process of its own, that validates what it is asked and answers with its examples. */
export interface Prism extends AsyncDisposable {
  readonly url: string;
}

/** Starts Prism on a document, and resolves when it answers. */
export async function startPrism(document: string): Promise<Prism> {
  const port = await freePort();
  const command = [`${root}node_modules/.bin/prism`, "mock", "-h", "127.0.0.1", "-p", String(port), document];
  const child = spawn(process.execPath, command, { cwd: root, stdio: ["ignore", "pipe", "ignore"] });
  // Also where the hook that waits for it is given up.
  const kill = (): void => void child.kill();
  process.once("exit", kill);
  const closed = once(child, "close");
  const started = Promise.withResolvers<void>();
  let output = "";
  child.stdout.on("data", (piece: Buffer) => {
    output += String(piece);
    if (output.includes("is listening")) started.resolve();
  });
  void closed.then(() => started.reject(new Error(`prism ended before it listened: ${output}`)));
  const tooLate = setTimeout(kill, 50_000);
  try {
    await started.promise;
  } finally {
    clearTimeout(tooLate);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      kill();
      await closed;
      process.off("exit", kill);
    },
  };
}

// Prism does not say which port it took.
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("there is no port");
  return address.port;
}
