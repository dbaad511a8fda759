import type { WebSocket } from "ws";
import type { TickHistory } from "./ticks.ts";

/** How many ticks are handed to the socket before it must have taken them: bounds what a replay holds in memory. */
const batchSize = 500;

type Subscription =
  | { readonly state: "none" }
  /** `sent` is the number of the last tick handed to the socket. */
  | { readonly state: "live"; sent: number };

/** One client of the feed. Replay and live ticks are the same thing to it: what it has not been sent yet, in order. */
export class FeedStream {
  readonly #socket: WebSocket;
  readonly #ticks: TickHistory;
  #subscription: Subscription = { state: "none" };
  /** Invariant: at most one batch is on its way, so ticks can neither overtake one another nor pile up. */
  #isSending = false;
  #holds = 0;

  constructor(socket: WebSocket, ticks: TickHistory) {
    this.#socket = socket;
    this.#ticks = ticks;
    socket.on("message", (data: Buffer) => this.#receive(data.toString()));
    // What is wrong with one client's socket ends in its "close"; unheard, it would end the process.
    socket.on("error", () => {});
  }

  /** Sends what has not been sent yet. */
  pump(): void {
    const subscription = this.#subscription;
    if (subscription.state === "none" || this.#isSending || this.#holds > 0) return;
    const batch = this.#ticks.after(subscription.sent, batchSize);
    const last = batch.at(-1);
    if (last === undefined || this.#socket.readyState !== this.#socket.OPEN) return;
    subscription.sent = last.seq;
    this.#isSending = true;
    for (const tick of batch) {
      this.#socket.send(JSON.stringify(tick), (error) => {
        if (tick !== last) return;
        this.#isSending = false;
        if (!error) this.pump();
      });
    }
  }

  /** Reads, writes and pongs nothing until what is returned is called. */
  hold(): () => void {
    this.#holds += 1;
    this.#socket.pause();
    return () => {
      this.#holds -= 1;
      if (this.#holds > 0) return;
      this.#socket.resume();
      this.pump();
    };
  }

  /** Cuts the connection without a Close frame. */
  cut(): void {
    this.#socket.terminate();
  }

  /** Sends a Close frame. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  #receive(message: string): void {
    const request = parse(message);
    switch (request?.["action"]) {
      case "subscribe":
        return this.#subscribe(request["channels"], request["after"]);
      case "unsubscribe":
        this.#subscription = { state: "none" };
        return this.#say({ type: "unsubscribed" });
      case "ping":
        return this.#say({ type: "pong", id: request["id"] });
      case "echo":
        return this.#say({ type: "echo", data: request["data"] });
      default:
        return this.#say({
          type: "error",
          message: 'Send a JSON object with "action": "subscribe", "unsubscribe", "ping" or "echo".',
        });
    }
  }

  #subscribe(channels: unknown, after: unknown): void {
    if (!Array.isArray(channels) || channels.length === 0 || channels.some((channel) => channel !== "prices")) {
      return this.#say({ type: "error", message: '"channels" must be ["prices"].' });
    }
    if (after !== undefined && (typeof after !== "number" || !Number.isSafeInteger(after) || after < 0)) {
      return this.#say({ type: "error", message: '"after" must be the number of a tick, or absent.' });
    }
    // A number from before the sandbox was started again would otherwise leave the client without ticks for hours.
    const sent = Math.min(after ?? this.#ticks.seq, this.#ticks.seq);
    this.#subscription = { state: "live", sent };
    this.#say({ type: "subscribed", channels: ["prices"], after: sent });
    this.pump();
  }

  #say(message: Readonly<Record<string, unknown>>): void {
    this.#socket.send(JSON.stringify(message), () => {});
  }
}

function parse(message: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(message);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
