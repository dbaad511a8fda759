import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "../../core/clock.ts";
import { ServiceConfigurationError } from "../../core/errors.ts";
import { OptionReader } from "../../core/options.ts";
import { seededRandom } from "../../core/seeded-random.ts";
import { ProxyConnection } from "./proxy-connection.ts";
import { checkedFaults, type Faults, layered, type ProxyFaults, readFaults } from "./proxy-faults.ts";
import { type ProxyTarget, readTarget, urlThrough } from "./proxy-target.ts";

/** Where a fault proxy leads, and what it does at first. */
export interface FaultProxyOptions extends ProxyFaults {
  /** A URL (`http:`, `https:`, `ws:`, `wss:`, `tcp:`), `host:port`, or both in an object. */
  readonly target: string | URL | ProxyTarget;
  /** On 127.0.0.1. @defaultValue 0: any that is free */
  readonly port?: number | undefined;
  /** Of what is drawn for `jitterMs`, a whole number. @defaultValue 1 */
  readonly seed?: number | undefined;
}

/** What has become of the connections of a proxy so far. */
export interface ProxyCounts {
  /** Taken from clients. */
  readonly accepted: number;
  /** Of these, passed on to the target. */
  readonly forwarded: number;
  /** Of these, reset or left hanging, as `accept` says. */
  readonly struck: number;
  /** Of these, passed on in vain: the target took no connection. */
  readonly failed: number;
  /** Open now. */
  readonly open: number;
  readonly bytesToTarget: number;
  readonly bytesToClient: number;
}

/** A network with faults on demand, in front of any service that is spoken to over TCP. */
export class FaultProxy implements AsyncDisposable {
  /** That of the target, through the proxy. */
  readonly url: string;
  readonly port: number;
  readonly #target: ProxyTarget;
  readonly #random: Random;
  readonly #server: Server;
  readonly #layers: ProxyFaults[];
  #faults: Faults;
  readonly #connections = new Set<ProxyConnection>();
  /** Those of clients that lead nowhere. */
  readonly #hanging = new Set<Socket>();
  #counts = { accepted: 0, forwarded: 0, struck: 0, failed: 0, bytesToTarget: 0, bytesToClient: 0 };

  /** @internal */
  constructor(server: Server, target: ProxyTarget, url: string, random: Random, faults: ProxyFaults) {
    this.#server = server;
    this.#target = target;
    this.#random = random;
    this.#layers = [faults];
    this.#faults = layered(this.#layers);
    this.port = (server.address() as AddressInfo).port;
    this.url = url;
    server.on("connection", (client) => this.#take(client));
  }

  /** Those that are open, the oldest first. */
  get connections(): readonly ProxyConnection[] {
    return [...this.#connections];
  }

  get counts(): ProxyCounts {
    const open = [...this.#connections];
    const sum = (of: (one: ProxyConnection) => number): number => open.reduce((all, one) => all + of(one), 0);
    return {
      ...this.#counts,
      open: open.length + this.#hanging.size,
      bytesToTarget: this.#counts.bytesToTarget + sum(({ bytesToTarget }) => bytesToTarget),
      bytesToClient: this.#counts.bytesToClient + sum(({ bytesToClient }) => bytesToClient),
    };
  }

  /**
   * From now on these are the faults, on open connections too (`accept` alone is for new ones). What is not named is
   * sound again: `set({})` takes all back.
   *
   * @throws ServiceConfigurationError with every problem at once.
   */
  set(faults: ProxyFaults): void {
    this.#layers[0] = checkedFaults(faults);
    this.#change();
  }

  /** These faults on top of what there is, until what it returns is disposed. @throws as {@link FaultProxy.set}. */
  with(faults: ProxyFaults): Disposable & AsyncDisposable {
    const layer = checkedFaults(faults);
    this.#layers.push(layer);
    this.#change();
    const restore = (): void => {
      const at = this.#layers.indexOf(layer, 1);
      if (at !== -1) this.#layers.splice(at, 1);
      this.#change();
    };
    return { [Symbol.dispose]: restore, [Symbol.asyncDispose]: async () => restore() };
  }

  /** Breaks every open connection with a reset; new ones are taken. */
  reset(): void {
    for (const connection of this.#connections) connection.reset();
    for (const client of this.#hanging) client.resetAndDestroy();
  }

  /** The service is gone: open connections are reset, and nobody listens any more, until {@link FaultProxy.up}. */
  async down(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    if (this.#server.listening) this.#server.close(() => closed.resolve());
    else closed.resolve();
    this.reset();
    await closed.promise;
  }

  /** Listens again, on the same port. @throws Error where another program has taken it meanwhile. */
  async up(): Promise<void> {
    if (!this.#server.listening) await listening(this.#server, this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close();
    for (const client of this.#hanging) client.destroy();
    await this.down();
  }

  #change(): void {
    this.#faults = layered(this.#layers);
    for (const connection of this.#connections) connection.wake();
  }

  #take(client: Socket): void {
    this.#counts.accepted += 1;
    client.setNoDelay(true);
    const { accept } = this.#faults;
    if (accept === "forward") this.#forward(client);
    else this.#strike(client, accept);
  }

  #strike(client: Socket, how: "hang" | "reset"): void {
    this.#counts.struck += 1;
    client.on("error", () => undefined);
    if (how === "reset") {
      client.resetAndDestroy();
      return;
    }
    this.#hanging.add(client);
    client.once("close", () => this.#hanging.delete(client));
    // What it says is read and forgotten, and that it gives up is noticed.
    client.resume().once("end", () => client.destroy());
  }

  #forward(client: Socket): void {
    const target = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    const connection = new ProxyConnection(this.#counts.accepted, client, target, this.#random, () => this.#faults);
    this.#connections.add(connection);
    const onFailed = (): void => void (this.#counts.failed += 1);
    target.once("error", onFailed);
    target.once("connect", () => {
      target.off("error", onFailed);
      this.#counts.forwarded += 1;
    });
    const onClose = (): void => {
      if (connection.isOpen || !this.#connections.delete(connection)) return;
      this.#counts.bytesToTarget += connection.bytesToTarget;
      this.#counts.bytesToClient += connection.bytesToClient;
    };
    client.once("close", onClose);
    target.once("close", onClose);
  }
}

/**
 * Starts a TCP proxy on 127.0.0.1 in front of a service: give its `url` to the client. It carries REST, WebSocket and
 * TLS alike, whose bytes it does not read.
 *
 * @throws ServiceConfigurationError with every problem of the options at once, and for a port that is taken.
 */
export async function faultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const reader = new OptionReader("faultProxy", options);
  const target = readTarget(reader);
  const port = reader.number("port", 0, { min: 0, max: 65_535, whole: true });
  const seed = reader.number("seed", 1, { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER, whole: true });
  const faults = readFaults(reader);
  reader.finish();
  const server = createServer({ allowHalfOpen: true });
  await listening(server, port);
  const url = urlThrough(options.target, (server.address() as AddressInfo).port);
  return new FaultProxy(server, target, url, seededRandom(seed, "jitter"), faults);
}

async function listening(server: Server, port: number): Promise<void> {
  const done = Promise.withResolvers<void>();
  const onError = (error: Error): void =>
    done.reject(
      new ServiceConfigurationError("faultProxy", [`cannot listen on port ${port} (${error.message})`], error),
    );
  server.once("error", onError);
  server.listen(port, "127.0.0.1", () => {
    server.off("error", onError);
    done.resolve();
  });
  await done.promise;
}
