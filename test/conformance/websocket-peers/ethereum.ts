import { silentLogger } from "../../../src/core/logger.ts";
import { json } from "../../../src/websocket/codecs/codecs.ts";
import { WebSocketService } from "../../../src/websocket/websocket-service.ts";

/** The head of a block, of which this is the part that is looked at. */
export interface Head {
  readonly number: number;
  readonly hash: string;
  readonly parentHash: string;
}

/**
 * An Ethereum node over JSON-RPC 2.0: `request({ method, params })` for calls, and `subscribe("newHeads", …)` for what
 * it tells by itself. The node names a subscription with an id of its own, and a new one on each connection, which may be the same again.
 */
export class EthereumNode extends WebSocketService<unknown> {
  /** What each id stands for. */
  readonly #keys = new Map<string, string>();
  /** How often the node was asked for a subscription, over all connections. */
  subscribed = 0;

  constructor(url: string) {
    super({
      name: "ethereum",
      baseUrl: url,
      logger: silentLogger,
      codec: json(),
      reconnect: { baseDelayMs: 5, maxDelayMs: 200 },
      // A node that starts takes a while.
      startTimeoutMs: 60_000,
      requestTimeoutMs: 60_000,
      subscriptions: {
        subscribe: async (keys) => {
          for (const key of keys) {
            this.#keys.set(String(await this.#call("eth_subscribe", key)), key);
            this.subscribed += 1;
          }
        },
        unsubscribe: async (keys) => {
          for (const [id, key] of this.#keys) if (keys.includes(key)) await this.#call("eth_unsubscribe", id);
        },
        keyOf: (message) => {
          const { params } = message as { readonly params?: { readonly subscription?: string } };
          return this.#keys.get(params?.subscription ?? "");
        },
      },
    });
  }

  protected override onError(): void {}

  async #call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    return this.request({ method, params });
  }
}

/** What an `eth_subscription` of `newHeads` says. */
export function headOf(message: unknown): Head {
  const { result } = (message as { params: { result: { number: string; hash: string; parentHash: string } } }).params;
  return { ...result, number: Number(result.number) };
}
