import { spawn } from "node:child_process";
import { once } from "node:events";
import { type Answering, httpServer } from "../support/http-server.ts";
import { startPeer } from "../websocket/peer.ts";
import { UserFolder } from "./built-process.ts";

/** The folder and the two services that docs/cli.md speaks of. */
export interface DocumentedSession extends AsyncDisposable {
  /** What this line says, on both outputs. */
  play(commandLine: string): Promise<string>;
}

const services = `import { defineServices, rest, ws } from "hawser";

export const services = defineServices({
  users: rest(),
  prices: ws({ endpoint: "/stream" }),
});
`;

const openapi = `openapi: 3.1.0
info: { title: Users, version: "1.0" }
paths:
  /users/{id}:
    get:
      operationId: getUser
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { "200": { description: A user. } }
`;

const users: Answering = ({ url }, response) => {
  const isThere = url === "/health" || url === "/users/7";
  response.writeHead(isThere ? 200 : 404, {
    "content-type": isThere ? "application/json" : "application/problem+json",
    date: "Mon, 07 Dec 2026 09:00:00 GMT",
  });
  response.end(isThere ? '{"id":"7","name":"Ada"}\n' : '{"title":"No such user","status":404}\n');
};

const start = new URL("../../dist/cli/start.js", import.meta.url).pathname;

export async function documentedSession(): Promise<DocumentedSession> {
  await using started = new AsyncDisposableStack();
  const server = started.use(await httpServer(users));
  const peer = started.use(
    await startPeer({
      onConnection: (socket) => {
        const timer = setInterval(() => socket.send('{"symbol":"HAWS","price":71.25}'), 5);
        socket.on("close", () => clearInterval(timer));
      },
    }),
  );
  const folder = started.use(
    new UserFolder({
      "services.ts": services,
      ".env": `USERS_URL=${server.url}\nUSERS_API_KEY=secret\nUSERS_TIMEOUT=10s\nPRICES_URL=${peer.url}\n`,
      "wrong.env": `USERS_URL=\nUSERS_TIMEOUT=soon\nPRICES_URL=${peer.url}\n`,
      "down.env": `USERS_URL=${server.url}/v9\nPRICES_URL=${peer.url}\n`,
      "openapi.yaml": openapi,
      "enum.ts": "export enum Region { EU }\n",
      "new/package.json": "{}",
    }),
  );
  const all = started.move();
  return {
    play: async (line) => {
      const shell = `hawser() { "${process.execPath}" "${start}" "$@"; }; ${line}`;
      const child = spawn("sh", ["-c", `{ ${shell}; } 2>&1`], { cwd: folder.path, env: { PATH: "/usr/bin:/bin" } });
      let output = "";
      child.stdout.on("data", (piece: Buffer) => (output += piece.toString()));
      await once(child, "close");
      return output.trimEnd();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Without what differs from run to run: times, and the ports of the services. */
export function settled(output: string): string {
  return output
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:4010")
    .replaceAll(/, after a wait of \d+ ms/g, "")
    .replaceAll(/(?<!at least) +\d+ ms\b/g, " 12 ms");
}
