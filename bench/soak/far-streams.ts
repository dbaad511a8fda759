import type { Server } from "node:http";
import type { Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import type { Random } from "../../src/core/clock.ts";
import { oneOf, type Stroke, strokes } from "./misdeeds.ts";

/** What a client of the far side says. */
interface Said {
  readonly subscribe?: readonly string[];
  readonly unsubscribe?: readonly string[];
  readonly ask?: number;
}

interface Visitor {
  readonly ws: WebSocket;
  readonly socket: Socket;
  readonly keys: Set<string>;
  /** Nothing is sent to it any more, no pong either. */
  isMuted: boolean;
}

const tickMs = 100;
const strokeMs = 1_500;
/** Questions that are never answered. */
const unanswered = 0.03;

/** Streams that tell of what they were asked for, until something is done to them. */
export class FarStreams {
  isStormy = true;
  readonly #visitors = new Set<Visitor>();
  readonly #random: Random;
  #ticks = 0;

  constructor(server: Server, random: Random) {
    this.#random = random;
    const sockets = new WebSocketServer({ server, autoPong: false });
    sockets.on("connection", (ws, { socket }) => this.#welcome({ ws, socket, keys: new Set(), isMuted: false }));
    setInterval(() => this.#tick(), tickMs);
    setInterval(() => this.#strike(), strokeMs);
  }

  #welcome(visitor: Visitor): void {
    const { ws } = visitor;
    this.#visitors.add(visitor);
    ws.on("close", () => this.#visitors.delete(visitor));
    ws.on("error", () => undefined);
    ws.on("ping", (data) => !visitor.isMuted && ws.pong(data));
    ws.on("message", (data) => this.#hear(visitor, JSON.parse((data as Buffer).toString()) as Said));
  }

  #hear(visitor: Visitor, { subscribe, unsubscribe, ask }: Said): void {
    if (subscribe !== undefined) {
      for (const key of subscribe) visitor.keys.add(key);
      say(visitor, { subscribed: subscribe });
    }
    for (const key of unsubscribe ?? []) visitor.keys.delete(key);
    if (ask !== undefined && !(this.isStormy && this.#random() < unanswered)) say(visitor, { answer: ask });
  }

  #tick(): void {
    this.#ticks += 1;
    for (const visitor of this.#visitors) {
      for (const key of visitor.keys) say(visitor, { key, n: this.#ticks, at: Date.now() });
    }
  }

  #strike(): void {
    const all = [...this.#visitors].filter(({ isMuted }) => !isMuted);
    if (!this.isStormy || all.length === 0) return;
    strike(oneOf(all, this.#random), oneOf(strokes, this.#random));
  }
}

function say({ ws, isMuted }: Visitor, message: object): void {
  if (!isMuted) ws.send(JSON.stringify(message));
}

function strike(visitor: Visitor, stroke: Stroke): void {
  const { ws, socket } = visitor;
  switch (stroke) {
    case "terminate":
      ws.terminate();
      return;
    case "going-away":
      ws.close(1001);
      return;
    case "overloaded":
      ws.close(1013);
      return;
    case "garbage":
      // A text frame with a reserved bit set.
      socket.write(Buffer.from([0xf1, 0x01, 0x78]));
      return;
    case "mute":
      visitor.isMuted = true;
  }
}
