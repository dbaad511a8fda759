import { createServer, type IncomingMessage } from "node:http";
import { createServer as createSecureServer } from "node:https";
import net, { type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { cert, key } from "./certificate.ts";

/** A proxy on a port of its own that makes tunnels, and remembers what it was asked. */
export interface ConnectProxy extends AsyncDisposable {
  readonly url: string;
  readonly requests: IncomingMessage[];
  /** Ends every connection to it. */
  cut(): void;
  /** Those that are open. */
  readonly sockets: ReadonlySet<Duplex>;
}

export interface ProxyBehaviour {
  readonly isSecure?: boolean;
  /** Host and port that every tunnel leads to, whatever was asked for: as one that an attacker has bent. */
  readonly leadsTo?: string;
  /** Answers the CONNECT itself and returns true to make no tunnel. */
  readonly refuse?: (socket: Duplex, request: IncomingMessage) => boolean;
}

/** A real CONNECT proxy (RFC 9110, section 9.3.6) on 127.0.0.1. */
export async function startProxy({ isSecure = false, leadsTo, refuse }: ProxyBehaviour = {}): Promise<ConnectProxy> {
  const server = isSecure ? createSecureServer({ cert, key }) : createServer();
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Duplex>();
  const keep = (socket: Duplex): void => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  };
  server.on("connection", keep);
  server.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    keep(socket);
    requests.push(request);
    if (refuse?.(socket, request) === true) {
      // One that is not read does not notice that the other side is gone.
      socket.resume().on("end", () => socket.destroy());
      return;
    }
    const { hostname, port } = new URL(`http://${leadsTo ?? request.url}`);
    const beyond = net.connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      beyond.write(head);
      beyond.pipe(socket).pipe(beyond);
    });
    keep(beyond);
    beyond.on("error", () => socket.destroy());
    beyond.on("close", () => socket.destroy());
    socket.on("close", () => beyond.destroy());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `${isSecure ? "https" : "http"}://127.0.0.1:${port}`,
    requests,
    sockets,
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise<void>((done) => server.close(() => done()));
    },
  };
}
