import { RESTService, silentLogger, WebSocketService } from "hawser";
import type { Crowd } from "../../suites/scale-crowd.ts";
import { MessageCrowd } from "./message-crowd.ts";

class Payments extends RESTService {}

/** A service for each origin. */
export async function openOrigins(origins: readonly string[], maxConnections: number): Promise<Crowd> {
  const services: Payments[] = [];
  return {
    grow: async (size) => {
      for (const baseUrl of origins.slice(services.length, size)) {
        const service = new Payments({ name: `payments-${services.length}`, baseUrl, maxConnections });
        services.push(await service.connect());
      }
    },
    operate: async (index) => services[index]?.getJson("/json/200"),
    [Symbol.asyncDispose]: async () => void (await Promise.all(services.map((service) => service.close()))),
  };
}

/** Calls of one service; with `signal`, all by one. */
export async function openCalls(baseUrl: string, maxConnections: number, signal?: AbortSignal): Promise<Crowd> {
  const service = await new Payments({ name: "payments", baseUrl, maxConnections }).connect();
  const options = signal === undefined ? {} : { signal };
  return {
    grow: async () => undefined,
    operate: () => service.getJson("/json/200", options),
    [Symbol.asyncDispose]: () => service.close(),
  };
}

class Feed extends WebSocketService {
  readonly #onText: (text: unknown) => void;

  constructor(origin: string, onText: (text: unknown) => void) {
    // The far side answers no Close frame: what is waited for at the end is no part of what is measured.
    super({
      name: "feed",
      baseUrl: origin.replace("http", "ws"),
      endpoint: "/echo",
      closeTimeoutMs: 1,
      logger: silentLogger,
    });
    this.#onText = onText;
  }

  protected override onMessage(message: unknown): void {
    this.#onText(message);
  }
}

export async function openStreams(origin: string): Promise<Crowd> {
  return new MessageCrowd(async (onText) => {
    const feed = await new Feed(origin, onText).connect();
    return { send: (text) => feed.send(text), close: () => feed.close() };
  });
}
