import { isDeepStrictEqual } from "node:util";
import type { Dispatcher } from "undici";
import type { Clock, Random } from "../core/clock.ts";
import type { Environment } from "../core/environment.ts";
import { ServiceConfigurationError } from "../core/errors.ts";
import { type ProxyOption, proxyRoute } from "../core/proxy.ts";
import { Secret } from "../core/secret.ts";
import { ConnectLimit } from "./connect-limit.ts";
import { cacheMaker, type PoolMaker, poolMaker, type PoolSettings } from "./pool.ts";
import type { RequestPool, WitnessedOptions } from "./slot-pool.ts";

/** What the pools of a service are made by, and how long they are kept. */
export interface PoolsSettings extends PoolSettings {
  readonly service: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly connectTimeoutMs: number;
  readonly maxConnectionAgeMs: number;
  readonly proxy: ProxyOption;
  /** Used instead of a pool of our own, and left open. */
  readonly dispatcher: Pick<Dispatcher, "dispatch"> | undefined;
}

type Dispatch = (options: WitnessedOptions, handler: Dispatcher.DispatchHandler) => boolean;

/** The connections of a service: pools that are replaced as they grow old, with a cache in front where one is wanted. */
export class Pools {
  readonly settings: PoolsSettings;
  readonly #connectLimit: ConnectLimit;
  #make: PoolMaker | undefined;
  #pool: RequestPool | undefined;
  #cached: Dispatch | undefined;
  /** Pools that take nothing new, and whose last calls are under way. */
  readonly #retired = new Set<RequestPool>();
  #retireAt = Number.POSITIVE_INFINITY;

  constructor(settings: PoolsSettings) {
    this.settings = settings;
    this.#connectLimit = new ConnectLimit(settings.connectTimeoutMs, settings.clock);
  }

  /**
   * Readies the pool; no connection is made. To be called before the first request.
   *
   * @throws ServiceConfigurationError for a proxy in the environment that cannot be used.
   */
  async start(environment: Environment): Promise<void> {
    const { service, proxy, dispatcher, blockPrivateAddresses, cache } = this.settings;
    if (dispatcher === undefined) {
      const route = proxyRoute(service, proxy, environment);
      if (blockPrivateAddresses && route.kind !== "direct") {
        throw new ServiceConfigurationError(service, [
          "blockPrivateAddresses cannot hold behind the proxy that the environment names, which looks hosts up and " +
            "connects out of our sight: give proxy: false",
        ]);
      }
      this.#make = await poolMaker(this.settings, route, this.#connectLimit);
      this.#replace(this.#make);
    }
    if (cache !== undefined) {
      const inFront = await cacheMaker(cache);
      this.#cached = inFront((options, handler) => this.#dispatch(options, handler));
    }
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
    const own = this.#pool === undefined ? [] : [this.#pool];
    await Promise.all([...own, ...this.#retired].map((pool) => pool.destroy()));
  }

  /** Whether connections made by other settings would be like these. */
  isMadeBy(settings: PoolsSettings): boolean {
    return isDeepStrictEqual(makingOf(this.settings), makingOf(settings));
  }

  #dispatch(options: WitnessedOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { dispatcher } = this.settings;
    if (this.#pool !== undefined) this.#pool.dispatch(options, handler);
    else if (dispatcher !== undefined) dispatcher.dispatch(withOwnHeaders(options), handler);
    else throw new Error("the transport was not started");
    return true;
  }

  /** The whole pool and not each connection by its age, which would have to be asked at every call. */
  #replace(make: PoolMaker): void {
    const old = this.#pool;
    this.#pool = make();
    const { clock, random, maxConnectionAgeMs } = this.settings;
    this.#retireAt = clock.now() + maxConnectionAgeMs * (0.9 + 0.2 * random());
    if (old === undefined) return;
    this.#retired.add(old);
    const forget = (): void => void this.#retired.delete(old);
    // It is destroyed with the service while it closes, and then says so by a rejection.
    void old.close().then(forget, forget);
  }
}

/** Calls share their headers, and there are interceptors that write into what they are given. */
function withOwnHeaders(options: WitnessedOptions): WitnessedOptions {
  // They are by name here, also those that a cache asks by.
  return { ...options, headers: { ...(options.headers as Record<string, string | string[]>) } };
}

function makingOf(settings: PoolsSettings): readonly unknown[] {
  const { origin, maxConnections, maxConnectionAgeMs, connectTimeoutMs, http2, socketPath } = settings;
  const { blockPrivateAddresses, cache, deadlineMs, dispatcher, lookup, proxy, tls } = settings;
  return [
    [origin, maxConnections, maxConnectionAgeMs, connectTimeoutMs, http2, socketPath, blockPrivateAddresses],
    // What only a cache goes by.
    cache === undefined ? undefined : [cache, deadlineMs],
    proxy instanceof Secret ? [proxy.reveal()] : proxy,
    [tls, dispatcher, lookup],
  ];
}
