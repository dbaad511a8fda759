import type { Socket } from "node:net";
import type { Stroke } from "./weather.ts";

const trickleOctets = 48;
const trickleTickMs = 4;
const trickleMs = 1_500;

/** A connection of a client and the one to the far side that belongs to it, and what is done to them. */
export class ProxiedPair {
  readonly #client: Socket;
  readonly #server: Socket;
  #mode: "open" | "cut" | "blackhole" | "trickle" = "open";
  #pick = 0;
  #late: Buffer = Buffer.alloc(0);
  #trickle: NodeJS.Timeout | undefined;

  /** @param hooks - `onRequest`: the path that the client asks for. `onClientGone`: its socket is closed. */
  constructor(
    client: Socket,
    server: Socket,
    hooks: { readonly onRequest: (path: string) => void; readonly onClientGone: () => void },
  ) {
    this.#client = client;
    this.#server = server;
    let isFirst = true;
    client.on("data", (chunk: Buffer) => {
      if (isFirst) hooks.onRequest(/^GET (\S+)/.exec(chunk.toString("latin1"))?.[1] ?? "");
      isFirst = false;
      if (this.#mode !== "blackhole") pass(chunk, client, server);
    });
    server.on("data", (chunk: Buffer) => this.#down(chunk));
    // A client that gives a black hole up is seen to do so: its socket must not be taken for one that is open.
    client.on("end", () => (this.#mode === "blackhole" ? client.destroy() : server.end()));
    server.on("end", () => this.#mode !== "blackhole" && client.end());
    for (const socket of [client, server]) socket.on("error", () => undefined);
    client.on("close", () => {
      clearInterval(this.#trickle);
      server.destroy();
      hooks.onClientGone();
    });
    server.on("close", () => this.#mode !== "blackhole" && client.destroy());
  }

  /** Whether it is as it was in the beginning. */
  get isSound(): boolean {
    return this.#mode === "open" && !this.#client.destroyed && !this.#server.connecting;
  }

  strike(kind: Stroke, pick: number): void {
    switch (kind) {
      case "cut":
        this.#mode = "cut";
        this.#pick = pick;
        return;
      case "reset":
        this.#client.resetAndDestroy();
        this.#server.resetAndDestroy();
        return;
      case "blackhole":
        this.#mode = "blackhole";
        return;
      case "trickle":
        this.#mode = "trickle";
        this.#beginTrickle();
        return;
      case "half":
        this.#client.end();
        // What still comes for it is swallowed.
        this.#mode = "blackhole";
    }
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
  }

  #down(chunk: Buffer): void {
    switch (this.#mode) {
      case "open":
        pass(chunk, this.#server, this.#client);
        return;
      case "blackhole":
        return;
      case "trickle":
        this.#late = Buffer.concat([this.#late, chunk]);
        return;
      case "cut":
        // Within a frame, as a rule: the rest of the chunk never comes.
        this.#client.end(chunk.subarray(0, Math.floor(chunk.length * this.#pick)));
        this.#client.destroySoon();
        this.#server.destroy();
    }
  }

  #beginTrickle(): void {
    const endsAt = performance.now() + trickleMs;
    this.#trickle = setInterval(() => {
      const isOver = performance.now() >= endsAt;
      const octets = isOver ? this.#late.length : trickleOctets;
      this.#client.write(this.#late.subarray(0, octets));
      this.#late = this.#late.subarray(octets);
      if (!isOver) return;
      clearInterval(this.#trickle);
      this.#mode = "open";
    }, trickleTickMs);
  }
}

function pass(chunk: Buffer, from: Socket, to: Socket): void {
  if (to.destroyed || to.writableEnded) return;
  if (to.write(chunk)) return;
  from.pause();
  to.once("drain", () => from.resume());
}
