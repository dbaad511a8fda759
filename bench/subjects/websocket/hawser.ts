import { silentLogger, WebSocketService } from "hawser";
import type { Data, OnMessage, WebSocketClient } from "../../websocket-client.ts";
import type { Payload } from "../../websocket-frames.ts";

class Feed extends WebSocketService {
  readonly #handle: OnMessage;

  constructor(url: string, handle: OnMessage) {
    // The far side answers no Close frame: what is waited for at the end is no part of what is measured.
    super({ name: "feed", baseUrl: url, closeTimeoutMs: 1, logger: silentLogger });
    this.#handle = handle;
  }

  protected override onMessage(message: Payload): void | Promise<void> {
    return this.#handle(message);
  }
}

export async function connect(url: string, onMessage: OnMessage): Promise<WebSocketClient> {
  const feed = await new Feed(url, onMessage).connect();
  const burst = async (make: () => Data, count: number): Promise<void> => {
    await Promise.all(Array.from({ length: count }, () => feed.send(make())));
  };
  return { send: (data) => feed.send(data), burst, [Symbol.asyncDispose]: () => feed.close() };
}
