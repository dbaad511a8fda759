/**
 * A handler object beside the service class: any number of them can be added and removed, and one that throws or hangs
 * disturbs no other.
 *
 * Wants REALTIME_WS_URL and REALTIME_WS_KEY.
 */
import { createWsClient, getWsClient, initializeServices, shutdownServices } from "hawser";

class PriceAlerts {
  readonly #limit: number;
  readonly #raised = Promise.withResolvers<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get raised(): Promise<string> {
    return this.#raised.promise;
  }

  readonly handleTick = (message: string | Uint8Array): void => {
    const { type, symbol, price } = JSON.parse(String(message)) as { type: string; symbol: string; price: number };
    if (type === "tick" && price > this.#limit) this.#raised.resolve(`${symbol} above ${this.#limit}`);
  };
}

createWsClient("realtime_ws", { endpoint: "/stream" });
await initializeServices();

const feed = getWsClient("realtime_ws");
const alerts = new PriceAlerts(0);
feed.addMessageHandler(alerts.handleTick);
await feed.sendJson({ action: "subscribe", channels: ["prices"] });

console.log(`alert: ${await alerts.raised}`);
feed.removeMessageHandler(alerts.handleTick);
await shutdownServices();
