import type { Dispatcher } from "undici";
import type { Random } from "../core/clock.ts";
import type { Environment } from "../core/environment.ts";
import { ServiceConfigurationError } from "../core/errors.ts";
import type { Attempt } from "../resilience/call.ts";
import type { AttemptEnd } from "../resilience/outcome.ts";
import type { Answer, OpenAnswer } from "./answer.ts";
import { ConnectLimit } from "./connect-limit.ts";
import { Exchange, type ExchangeSettings, type Reading, type Wire } from "./exchange.ts";
import { cacheMaker, type PoolMaker, poolMaker, type PoolSettings } from "./pool.ts";
import type { RequestPool, WitnessedOptions } from "./slot-pool.ts";
import { type ProxyOption, proxyRoute } from "../core/proxy.ts";
import type { PreparedRequest } from "./request.ts";

/** What the transport is set up with, once per service. */
export interface TransportSettings extends Omit<ExchangeSettings, "isBoundToOrigin">, PoolSettings {
  readonly random: Random;
  readonly maxConnectionAgeMs: number;
  readonly proxy: ProxyOption;
  /** Used instead of a pool of our own, and left open. */
  readonly dispatcher: Dispatcher | undefined;
}

type Dispatch = (options: WitnessedOptions, handler: Dispatcher.DispatchHandler) => boolean;

const buffered: Reading = { kind: "buffered" };

/** Puts requests on the wire, over pools that are replaced as they grow old. */
export class Transport implements Wire {
  readonly settings: ExchangeSettings;
  readonly #all: TransportSettings;
  readonly #connectLimit: ConnectLimit;
  #make: PoolMaker | undefined;
  #pool: RequestPool | undefined;
  #cached: Dispatch | undefined;
  /** Pools that take nothing new, and whose last calls are under way. */
  readonly #retired = new Set<RequestPool>();
  #retireAt = Number.POSITIVE_INFINITY;

  constructor(settings: TransportSettings) {
    this.#all = settings;
    this.settings = { ...settings, isBoundToOrigin: settings.socketPath !== undefined };
    this.#connectLimit = new ConnectLimit(settings.connectTimeoutMs, settings.clock);
    this.#pool = settings.dispatcher;
  }

  /**
   * Readies the pool; no connection is made. To be called before the first request.
   *
   * @throws ServiceConfigurationError for a proxy in the environment that cannot be used.
   */
  async start(environment: Environment): Promise<void> {
    const { service, proxy, dispatcher, blockPrivateAddresses, cache } = this.#all;
    if (dispatcher === undefined) {
      const route = proxyRoute(service, proxy, environment);
      if (blockPrivateAddresses && route.kind !== "direct") {
        throw new ServiceConfigurationError(service, [
          "blockPrivateAddresses cannot hold behind the proxy that the environment names, which looks hosts up and " +
            "connects out of our sight: give proxy: false",
        ]);
      }
      this.#make = await poolMaker(this.#all, route, this.#connectLimit);
      this.#replace(this.#make);
    }
    if (cache !== undefined) {
      const inFront = await cacheMaker(cache);
      this.#cached = inFront((options, handler) => this.#dispatch(options, handler));
    }
  }

  /** Makes one attempt, and reads its answer to the end. Never rejects; ends at once when the attempt is interrupted. */
  send(request: PreparedRequest, attempt: Attempt): Promise<AttemptEnd<Answer>> {
    // Only an exchange that was told to leaves its answer open.
    return this.#exchange(request, attempt, buffered) as Promise<AttemptEnd<Answer>>;
  }

  /**
   * Makes one attempt that ends with the head of a 2xx, whose body is read by the caller, under the limits of the
   * call. Any other answer is read to its end, as {@link Transport.send} does; see `isOpen`.
   *
   * @param options - `maxBytes`: how much the body may bring, decoded. Memory needs no such limit, for an open body
   * that is not read is not fetched. @defaultValue Infinity. `bodyIdleTimeoutMs`: instead of the service's own.
   */
  open(
    request: PreparedRequest,
    attempt: Attempt,
    options: { readonly maxBytes?: number; readonly bodyIdleTimeoutMs?: number } = {},
  ): Promise<AttemptEnd<Answer | OpenAnswer>> {
    const { maxBytes = Number.POSITIVE_INFINITY, bodyIdleTimeoutMs = this.settings.bodyIdleTimeoutMs } = options;
    return this.#exchange(request, attempt, { kind: "open", maxBytes, bodyIdleTimeoutMs });
  }

  dispatch(options: WitnessedOptions, handler: Dispatcher.DispatchHandler, now: number): void {
    if (now >= this.#retireAt && this.#make !== undefined) this.#replace(this.#make);
    if (this.#cached === undefined) this.#dispatch(options, handler);
    // What stands in front does not pass on when an answer begins, without which nothing is known to be stale.
    else this.#cached({ ...options, witness: undefined }, handler);
  }

  /** Ends every connection of our own at once; calls are drained before. */
  async destroy(): Promise<void> {
    this.#connectLimit.close();
    const own = this.#all.dispatcher === undefined && this.#pool !== undefined ? [this.#pool] : [];
    await Promise.all([...own, ...this.#retired].map((pool) => pool.destroy()));
  }

  #dispatch(options: WitnessedOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#pool === undefined) throw new Error("the transport was not started");
    this.#pool.dispatch(options, handler);
    return true;
  }

  /** The whole pool and not each connection by its age, which would have to be asked at every call. */
  #replace(make: PoolMaker): void {
    const old = this.#pool;
    this.#pool = make();
    const { clock, random, maxConnectionAgeMs } = this.#all;
    this.#retireAt = clock.now() + maxConnectionAgeMs * (0.9 + 0.2 * random());
    if (old === undefined) return;
    this.#retired.add(old);
    const forget = (): void => void this.#retired.delete(old);
    // It is destroyed with the service while it closes, and then says so by a rejection.
    void old.close().then(forget, forget);
  }

  #exchange(request: PreparedRequest, attempt: Attempt, reading: Reading): Promise<AttemptEnd<Answer | OpenAnswer>> {
    return new Promise((resolve) => new Exchange(this, request, attempt, reading, resolve).begin());
  }
}
