import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { WebSocket } from "ws";
import { type Answer, hasApiKey, problem, unauthorized } from "./answer.ts";
import { type Controlled, addFaultRoutes, createRouter, serverFor } from "./control.ts";
import { type ActiveFault, FaultList, latencyOf } from "./faults.ts";
import { type FeedFault, feedFaultKinds } from "./feed-faults.ts";
import { FeedStream } from "./feed-stream.ts";
import { type Handshake, HandshakeServer, refuseHandshake } from "./handshake.ts";
import { type Listener, listen, urlOf } from "./listen.ts";
import { pause } from "./pause.ts";
import { TickHistory } from "./ticks.ts";

/** What `GET /__feed` answers. */
export interface FeedReport {
  /** The number of the latest tick. */
  readonly seq: number;
  /** Streams that are open now. */
  readonly connections: number;
  /** Handshakes that ever came, however they were answered. */
  readonly handshakes: number;
  /** Handshakes that were answered with 101. */
  readonly accepted: number;
  /** Streams that a fault ended without a Close frame. */
  readonly cut: number;
}

/** The price feed on a port. */
export interface PriceFeed extends Controlled {
  readonly url: string;
  close(): Promise<void>;
}

/** What a price feed needs to be told. */
export interface PriceFeedOptions {
  readonly port: number;
  readonly apiKey: string;
  readonly tickIntervalMs: number;
  readonly closing: AbortSignal;
}

/** Puts the price feed on a port, with `/health`, the control surface and faults on demand. */
export async function startPriceFeed({ port, apiKey, tickIntervalMs, closing }: PriceFeedOptions): Promise<PriceFeed> {
  const faults = new FaultList<FeedFault>(feedFaultKinds);
  const ticks = new TickHistory();
  const streams = new Set<FeedStream>();
  const handshakes = new HandshakeServer();
  const counts = { handshakes: 0, accepted: 0, cut: 0 };
  const app = createRouter();
  app.get("/health", () => ({ status: "pass" }));
  addControlRoutes(app);
  await app.ready();
  const listener: Listener = await listen(port, createServer);
  const ticking = setInterval(() => {
    ticks.add(new Date());
    for (const stream of streams) stream.pump();
  }, tickIntervalMs);

  return {
    url: urlOf(listener, "ws"),
    addControlRoutes,
    async close() {
      clearInterval(ticking);
      await listener.close();
    },
  };

  function addControlRoutes(scope: FastifyInstance): void {
    addFaultRoutes(scope, { kinds: feedFaultKinds, faults, apply, recovered: () => listener.opened(), closing });
    scope.get("/__feed", (): FeedReport => ({ seq: ticks.seq, connections: streams.size, ...counts }));
  }

  function createServer(): Server {
    const server = serverFor(app);
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // A client that resets while it waits is not worth a word; unheard, it would end the process.
      socket.on("error", () => {});
      void answer({ request, socket: socket as Socket, head });
    });
    return server;
  }

  async function answer(handshake: Handshake): Promise<void> {
    counts.handshakes += 1;
    const { request, socket } = handshake;
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const strikes = faults.admit({ method: "GET", path });
    await pause(latencyOf(strikes), closing);
    await outlastBlackHoles();
    if (path !== "/stream") return refuseHandshake(handshake, problem(404, "Not found", "The stream is at /stream."));
    const ending = strikes.find(({ fault }) => fault.kind !== "latency")?.fault;
    if (ending?.kind === "refused") return refuseHandshake(handshake, refusal(ending));
    if (!hasApiKey(request.headers.authorization, apiKey)) return refuseHandshake(handshake, unauthorized());
    if (ending?.kind === "slow-handshake") await handshakes.begin(handshake, ending.ms, closing);
    if (!socket.destroyed) handshakes.accept(handshake, admitStream);
  }

  function admitStream(socket: WebSocket): void {
    counts.accepted += 1;
    const stream = new FeedStream(socket, ticks);
    streams.add(stream);
    socket.once("close", () => streams.delete(stream));
  }

  async function outlastBlackHoles(): Promise<void> {
    for (const { fault, over } of faults.inForce("black-hole"))
      if (fault.alsoNew) await pause(undefined, over, closing);
  }

  function apply(active: ActiveFault<FeedFault>, via: Socket): void {
    const { fault, over } = active;
    const open = [...streams];
    switch (fault.kind) {
      case "latency":
      case "refused":
      case "slow-handshake":
        return;
      case "unreachable": {
        const { release } = listener.shut(via);
        over.addEventListener("abort", release, { once: true });
        counts.cut += open.length;
        break;
      }
      case "drop":
        for (const stream of open) stream.cut();
        counts.cut += open.length;
        break;
      case "close":
        for (const stream of open) stream.close(fault.code, fault.reason);
        break;
      case "black-hole":
        for (const release of open.map((stream) => stream.hold()))
          over.addEventListener("abort", release, { once: true });
        break;
    }
    faults.count(active, open.length);
  }
}

function refusal(fault: FeedFault & { readonly kind: "refused" }): Answer {
  const headers = fault.retryAfterS === undefined ? {} : { "retry-after": String(fault.retryAfterS) };
  return problem(fault.status, "Refused", "The sandbox was told to refuse.", headers);
}
