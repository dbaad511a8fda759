import imported from "reconnecting-websocket";
import { WebSocket } from "ws";

// Its types are those of a bundler's module; under Node the class is the module itself.
const ReconnectingWebSocket = ((imported as { default?: unknown }).default ?? imported) as typeof imported.default;

export interface Tick {
  readonly type: "tick";
  readonly channel: string;
  readonly seq: number;
  readonly price: number;
}

export class PriceTicker {
  readonly #socket: InstanceType<typeof ReconnectingWebSocket>;
  readonly #channels = new Set<string>();
  readonly #listeners = new Set<(tick: Tick) => void>();
  readonly #last = new Map<string, number>();

  constructor(url: string, apiKey: string) {
    const WithKey = class extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, { headers: { authorization: `Bearer ${apiKey}` } });
      }
    };
    this.#socket = new ReconnectingWebSocket(url, [], { WebSocket: WithKey, maxReconnectionDelay: 30_000 });
    this.#socket.addEventListener("open", () => this.#ask([...this.#channels]));
    this.#socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(String(data)) as Tick | { type: "subscribed" };
      if (message.type !== "tick") return;
      if (message.seq <= (this.#last.get(message.channel) ?? 0)) return;
      this.#last.set(message.channel, message.seq);
      for (const listener of this.#listeners) listener(message);
    });
  }

  subscribe(channel: string, listener: (tick: Tick) => void): void {
    this.#listeners.add((tick) => tick.channel === channel && listener(tick));
    this.#channels.add(channel);
    if (this.#socket.readyState === this.#socket.OPEN) this.#ask([channel]);
  }

  close(): void {
    this.#socket.close();
  }

  #ask(channels: readonly string[]): void {
    if (channels.length > 0) this.#socket.send(JSON.stringify({ action: "subscribe", channels }));
  }
}
