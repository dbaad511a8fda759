import { isServiceConnectionError } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import { WebSocketService } from "../../../src/websocket/websocket-service.ts";
import { type NatsOperation, NatsReader } from "./nats-protocol.ts";

const textOf = (frame: string | Uint8Array): string =>
  typeof frame === "string" ? frame : Buffer.from(frame).toString();

export interface NatsMessage {
  readonly subject: string;
  readonly payload: string;
}

/** A NATS client as a stream: its subscriptions outlive the server. */
export class Nats extends WebSocketService {
  readonly #subscriptions = new Map<string, { readonly subject: string; readonly handler: (m: NatsMessage) => void }>();
  readonly #token: string | undefined;
  #reader = new NatsReader();
  #pongs: PromiseWithResolvers<void>[] = [];
  /** What the server said of itself, once for each connection. */
  readonly infos: string[] = [];
  readonly errors: string[] = [];
  /** How often the server asked whether we are still there. */
  serverPings = 0;

  constructor(url: string, { token, name = "nats" }: { readonly token?: string; readonly name?: string } = {}) {
    super({
      name,
      baseUrl: url,
      logger: silentLogger,
      reconnect: { baseDelayMs: 5, maxDelayMs: 200 },
      startTimeoutMs: 60_000,
      sendTimeoutMs: 60_000,
      requestTimeoutMs: 60_000,
    });
    this.#token = token;
  }

  /** Hears what is published under a subject, from now on and after each reconnect. Resolves when the server has it. */
  async listen(subject: string, handler: (message: NatsMessage) => void): Promise<void> {
    const id = String(this.#subscriptions.size + 1);
    this.#subscriptions.set(id, { subject, handler });
    await this.send(`SUB ${subject} ${id}\r\n`);
    await this.flush();
  }

  async publish(subject: string, payload: string): Promise<void> {
    await this.send(`PUB ${subject} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`);
  }

  /** Resolves when the server has done all that it was sent before. @throws where the connection is lost meanwhile */
  async flush(): Promise<void> {
    const pong = Promise.withResolvers<void>();
    this.#pongs.push(pong);
    await this.send("PING\r\n");
    await pong.promise;
  }

  /** Speaks the handshake: INFO from the server, CONNECT and PING to it, PONG or an error from it. */
  protected override async onConnect(): Promise<void> {
    // The rest of an operation that the last connection took with it.
    this.#reader = new NatsReader();
    const [info] = new NatsReader().push(await this.once((frame) => textOf(frame).startsWith("INFO ")));
    if (info?.op === "INFO") this.infos.push(info.info.server_id);
    const options = {
      verbose: false,
      pedantic: true,
      lang: "hawser",
      version: "0",
      protocol: 1,
      auth_token: this.#token,
    };
    const verdict = await this.request(`CONNECT ${JSON.stringify(options)}\r\nPING\r\n`, {
      match: (frame) => /^(?:PONG|-ERR)/.test(textOf(frame)),
    });
    if (!textOf(verdict).startsWith("PONG")) throw new Error(`the server refuses: ${textOf(verdict).trim()}`);
    for (const [id, { subject }] of this.#subscriptions) await this.send(`SUB ${subject} ${id}\r\n`);
  }

  protected override onDisconnect(): void {
    for (const { reject } of this.#pongs.splice(0)) reject(new Error("the connection was lost before the PONG came"));
  }

  protected override async onMessage(frame: string | Uint8Array): Promise<void> {
    for (const operation of this.#reader.push(frame)) await this.#take(operation);
  }

  protected override onError(error: unknown): void {
    if (!isServiceConnectionError(error)) this.errors.push(String(error));
  }

  async #take(operation: NatsOperation): Promise<void> {
    switch (operation.op) {
      case "INFO":
        // Once more, where the cluster has changed.
        return;
      case "PING":
        this.serverPings += 1;
        await this.send("PONG\r\n");
        return;
      case "PONG":
        this.#pongs.shift()?.resolve();
        return;
      case "+OK":
        return;
      case "-ERR":
        this.errors.push(operation.reason);
        return;
      case "MSG":
        this.#subscriptions.get(operation.subscription)?.handler(operation);
    }
  }
}
