import type { Dispatcher } from "undici";
import type { Environment } from "../core/environment.ts";
import type { Attempt } from "../resilience/call.ts";
import type { AttemptEnd } from "../resilience/outcome.ts";
import type { Answer, OpenAnswer } from "./answer.ts";
import { Exchange, type ExchangeSettings, type Judge, type Reading, type Wire } from "./exchange.ts";
import { Pools, type PoolsSettings } from "./pools.ts";
import type { PreparedRequest } from "./request.ts";
import type { WitnessedOptions } from "./slot-pool.ts";

/** What the transport is set up with, once per service. */
export interface TransportSettings extends Omit<ExchangeSettings, "isBoundToOrigin">, PoolsSettings {}

const asItIs = { judge: <T>(end: AttemptEnd<T>): AttemptEnd<T> => end };
const buffered: Reading = { kind: "buffered" };

/** Puts requests on the wire. */
export class Transport implements Wire {
  readonly settings: ExchangeSettings;
  readonly pools: Pools;

  /** @param pools - where those of another transport are to be shared. */
  constructor(settings: TransportSettings, pools: Pools = new Pools(settings)) {
    this.settings = { ...settings, isBoundToOrigin: settings.socketPath !== undefined };
    this.pools = pools;
  }

  /** Readies the pools; see {@link Pools.start}. */
  async start(environment: Environment): Promise<void> {
    await this.pools.start(environment);
  }

  /** Makes one attempt, and reads its answer to the end. Never rejects; ends at once when the attempt is interrupted. */
  send(request: PreparedRequest, attempt: Attempt, judge: Judge<Answer> = asItIs): Promise<AttemptEnd<Answer>> {
    // Only an exchange that was told to leaves its answer open: the judge is asked of no other.
    return this.#exchange(request, attempt, buffered, judge) as Promise<AttemptEnd<Answer>>;
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
    judge: Judge<Answer | OpenAnswer> = asItIs,
  ): Promise<AttemptEnd<Answer | OpenAnswer>> {
    const { maxBytes = Number.POSITIVE_INFINITY, bodyIdleTimeoutMs = this.settings.bodyIdleTimeoutMs } = options;
    return this.#exchange(request, attempt, { kind: "open", maxBytes, bodyIdleTimeoutMs }, judge);
  }

  dispatch(options: WitnessedOptions, handler: Dispatcher.DispatchHandler, now: number): void {
    this.pools.dispatch(options, handler, now);
  }

  /** Ends every connection of our own at once; calls are drained before. */
  async destroy(): Promise<void> {
    await this.pools.destroy();
  }

  #exchange(
    request: PreparedRequest,
    attempt: Attempt,
    reading: Reading,
    judge: Judge<Answer | OpenAnswer>,
  ): Promise<AttemptEnd<Answer | OpenAnswer>> {
    return new Promise((resolve) => {
      new Exchange(this, request, attempt, reading, judge, resolve).begin();
    });
  }
}
