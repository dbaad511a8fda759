import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { cert, key } from "./certificate.ts";

/** A real WebSocket server over TLS on 127.0.0.1, with the certificate of {@link cert}. */
export async function startSecurePeer(
  onConnection: (ws: WebSocket) => void = () => undefined,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer({ cert, key });
  const wss = new WebSocketServer({ server });
  wss.on("connection", onConnection);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `wss://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const ws of wss.clients) ws.terminate();
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
