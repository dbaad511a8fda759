/**
 * JSON-RPC 2.0 over a stream, against the small node at the end of this file: calls, a refusal, and a subscription under
 * an id that the node gives. The node cuts the connection; the blocks made meanwhile are fetched.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type Gap, isServiceRpcError, json, WebSocketService } from "hawser";
import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";

const Block = z.object({ number: z.number() });
// Loose: an answer is known by its id, result or error.
const Message = z.looseObject({ params: z.object({ subscription: z.string(), result: Block }).optional() });
type Message = z.infer<typeof Message>;

class ChainNode extends WebSocketService<Message> {
  /** The node's id of each subscription, anew on each connection. */
  readonly #keys = new Map<string, string>();

  constructor(baseUrl: string) {
    super({
      baseUrl,
      codec: json(Message),
      reconnect: { baseDelayMs: 50 },
      subscriptions: {
        subscribe: async ([key = ""], { signal }) => {
          const id = await this.request({ method: "subscribe", params: [key] }, { schema: z.string(), signal });
          this.#keys.set(id, key);
        },
        keyOf: ({ params }) => this.#keys.get(params?.subscription ?? ""),
        maxKeysPerMessage: 1,
      },
      resume: { positionOf: ({ params }) => params?.result.number, fill: (gap) => this.#fetch(gap) },
    });
  }

  async *#fetch({ key, after, before, signal }: Gap & { readonly signal: AbortSignal }): AsyncGenerator<Message> {
    const [subscription = ""] = [...this.#keys].findLast(([, of]) => of === key) ?? [];
    for (let number = Number(after) + 1; number < Number(before); number++) {
      const result = await this.request({ method: "block", params: [number] }, { schema: Block, signal });
      yield { params: { subscription, result } };
    }
  }
}

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
await once(server, "listening");
makeBlocks(server);
await using node = new ChainNode(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
await Promise.all([node.subscribe("blocks"), node.connect()]);
const refusal = await node.request({ method: "mine" }).catch((error: unknown) => error);
console.log(isServiceRpcError(refusal) ? `refused: ${refusal.rpcCode}, ${refusal.outcome}` : "not refused");

const numbers: number[] = [];
for await (const { params } of node.messages({ topic: "blocks" })) {
  numbers.push(params?.result.number ?? 0);
  if (numbers.length === 3) for (const socket of server.clients) socket.terminate();
  if (numbers.length === 20) break;
}
const missed = numbers.filter((number, index) => index > 0 && number !== (numbers[index - 1] ?? 0) + 1).length;
console.log(`${numbers.length} blocks, ${missed} missed, ${node.stats().reconnects} reconnect`);
server.close();

/** Makes a block every 10 ms, and tells those who subscribed, each under an id of its own. */
function makeBlocks(of: WebSocketServer): void {
  const ids = new Map<WebSocket, string>();
  const answer = (socket: WebSocket, { id, method, params }: { id: number; method: string; params?: number[] }) => {
    if (method === "subscribe") ids.set(socket, `0x${id}`);
    const result = method === "subscribe" ? `0x${id}` : { number: params?.[0] };
    const outcome = method === "mine" ? { error: { code: -32601, message: "no such method" } } : { result };
    socket.send(JSON.stringify({ jsonrpc: "2.0", id, ...outcome }));
  };
  of.on("connection", (socket) => socket.on("message", (text: Buffer) => answer(socket, JSON.parse(String(text)))));
  const result = { number: 0 };
  setInterval(() => {
    result.number += 1;
    for (const [socket, subscription] of ids) socket.send(JSON.stringify({ params: { subscription, result } }));
  }, 10).unref();
}
