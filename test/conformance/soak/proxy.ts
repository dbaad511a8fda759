import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { serve } from "./child.ts";
import type { ProxyCommand, ProxyReport } from "./messages.ts";
import { ProxiedPair } from "./proxied-pair.ts";
import type { Stroke } from "./weather.ts";

// The network between the streams and the far side, in a process of its own: it must go on while the others are busy.

/** How long a stream may have two sockets: one that is being closed, and its successor. */
const overlapMs = 1_500;

const pairs = new Set<ProxiedPair>();
const clients = new Set<Socket>();
/** For each path the sockets that asked for it. */
const byPath = new Map<string, Set<Socket>>();
const struck: Record<string, number> = {};
let upstreamPort: number | undefined;
let block: { readonly how: "refuse" | "mute"; readonly until: number } | undefined;
const counts = { connections: 0, refused: 0, muted: 0, doubles: 0 };

const report = (message: ProxyReport): void => void process.send?.(message);

const server = createServer({ allowHalfOpen: true }, (client) => {
  counts.connections += 1;
  clients.add(client);
  client.on("error", () => undefined);
  client.on("close", () => clients.delete(client));
  const blocked = block !== undefined && performance.now() < block.until ? block.how : undefined;
  if (blocked === "refuse" || upstreamPort === undefined) {
    counts.refused += 1;
    client.destroy();
  } else if (blocked === "mute") {
    counts.muted += 1;
    client.on("end", () => client.end());
    client.resume();
  } else join(client, upstreamPort);
});
server.listen(0, "127.0.0.1", () => report({ is: "listening", port: (server.address() as AddressInfo).port }));

serve((command: ProxyCommand) => {
  switch (command.do) {
    case "forward":
      upstreamPort = command.port;
      return;
    case "strike":
      strike(command.kind, command.pick);
      return;
    case "block":
      block = { how: command.how, until: performance.now() + command.forMs };
      return;
    case "tell":
      report({ is: "books", ...counts, struck, open: clients.size });
  }
});

function join(client: Socket, port: number): void {
  client.setNoDelay(true);
  const upstream = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const pair = new ProxiedPair(client, upstream, {
    onRequest: (path) => watch(path, client),
    onClientGone: () => pairs.delete(pair),
  });
  pairs.add(pair);
}

function strike(kind: Stroke, pick: number): void {
  const sound = [...pairs].filter(({ isSound }) => isSound);
  const pair = sound[Math.floor(pick * sound.length)];
  if (pair === undefined) return;
  struck[kind] = (struck[kind] ?? 0) + 1;
  pair.strike(kind, (pick * 997) % 1);
}

/** A stream has one socket; that it closes the old one is given a moment. */
function watch(path: string, client: Socket): void {
  const sockets = byPath.get(path) ?? new Set();
  byPath.set(path, sockets);
  sockets.add(client);
  client.on("close", () => sockets.delete(client));
  setTimeout(() => {
    if (!client.destroyed && [...sockets].some((other) => other !== client && isOlder(other, client, sockets))) {
      counts.doubles += 1;
    }
  }, overlapMs);
}

function isOlder(other: Socket, client: Socket, sockets: ReadonlySet<Socket>): boolean {
  const all = [...sockets];
  return all.indexOf(other) < all.indexOf(client);
}
