import { randomInt } from "node:crypto";
import { silentLogger } from "../../../src/core/logger.ts";
import type { WebSocketServiceOptions } from "../../../src/websocket/options.ts";
import { WebSocketService } from "../../../src/websocket/websocket-service.ts";

/** What a client under test does: it echoes until the server is done with it. */
export interface CaseClient {
  /** Resolves when the connection to this URL is over. @throws where there was none */
  runCase(url: string): Promise<void>;
}

/** Sends back what comes: text as text, binary as binary. One stream is one connection, and one case. */
export class EchoStream extends WebSocketService {
  readonly #over = Promise.withResolvers<void>();
  #wasOpen = false;

  constructor(url: string, options: Partial<WebSocketServiceOptions> = {}) {
    const { origin, pathname, search } = new URL(url);
    super({
      name: "echo",
      baseUrl: origin,
      endpoint: pathname + search,
      logger: silentLogger,
      reconnect: false,
      // A case of 16 MiB on a machine that is busy.
      sendTimeoutMs: 120_000,
      pingIntervalMs: false,
      ...options,
    });
  }

  /** Resolves when the connection is over, however that came. @throws where there was none */
  async run(): Promise<void> {
    try {
      await this.connect();
    } catch (error) {
      // The server may have failed it before `connect()` was done: that is a case like another.
      if (!this.#wasOpen) throw error;
    }
    await this.#over.promise;
    await this.close();
  }

  protected override onConnect(): void {
    this.#wasOpen = true;
  }

  protected override onDisconnect(): void {
    this.#over.resolve();
  }

  protected override async onMessage(message: string | Uint8Array): Promise<void> {
    await this.send(message);
  }

  // An echo that the server no longer waits for.
  protected override onError(): void {}
}

/** The echo service of this library. */
export function hawserEcho({ compression = false }: { readonly compression?: boolean } = {}): CaseClient {
  return { runCase: async (url) => new EchoStream(url, { compression }).run() };
}

/** A name for the server's books that is not yet in them. */
export const agentName = (): string => `hawser-${randomInt(2 ** 31)}`;
