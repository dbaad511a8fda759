import type { Dispatcher } from "undici";
import type { Attempt } from "../resilience/call.ts";
import type { AttemptEnd } from "../resilience/outcome.ts";
import type { Answer, OpenAnswer } from "./answer.ts";
import { Exchange, type ExchangeSettings, type Reading } from "./exchange.ts";
import { makePool, type PoolSettings } from "./pool.ts";
import type { PreparedRequest } from "./request.ts";

/** What the transport is set up with, once per service. */
export interface TransportSettings extends ExchangeSettings, PoolSettings {
  readonly origin: string;
  /** Used instead of a pool of our own, and left open. */
  readonly dispatcher: Dispatcher | undefined;
}

const buffered: Reading = { kind: "buffered" };

/** Puts requests on the wire. */
export class Transport {
  readonly #settings: TransportSettings;
  readonly #own: Dispatcher | undefined;
  readonly #dispatcher: Dispatcher;

  constructor(settings: TransportSettings) {
    this.#settings = settings;
    this.#dispatcher = settings.dispatcher ?? (this.#own = makePool(settings));
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
   * @param options - `maxBytes`: how much the body may bring. Memory needs no such limit, for an open body that is
   * not read is not fetched. @defaultValue Infinity. `bodyIdleTimeoutMs`: instead of the service's own.
   */
  open(
    request: PreparedRequest,
    attempt: Attempt,
    options: { readonly maxBytes?: number; readonly bodyIdleTimeoutMs?: number } = {},
  ): Promise<AttemptEnd<Answer | OpenAnswer>> {
    const { maxBytes = Number.POSITIVE_INFINITY, bodyIdleTimeoutMs = this.#settings.bodyIdleTimeoutMs } = options;
    return this.#exchange(request, attempt, { kind: "open", maxBytes, bodyIdleTimeoutMs });
  }

  /** Ends every connection of our own at once; calls are drained before. */
  async destroy(): Promise<void> {
    await this.#own?.destroy();
  }

  #exchange(request: PreparedRequest, attempt: Attempt, reading: Reading): Promise<AttemptEnd<Answer | OpenAnswer>> {
    return new Promise((resolve) => {
      const exchange = new Exchange(this.#settings, request, attempt, reading, resolve);
      attempt.onInterrupt((interruption) => exchange.interrupt(interruption));
      try {
        const body = exchange.openBody();
        if (body === undefined) return;
        this.#dispatcher.dispatch(
          { origin: this.#settings.origin, path: request.path, method: request.method, headers: request.headers, body },
          exchange,
        );
      } catch (error) {
        // An injected dispatcher may throw where undici's own tell the handler.
        exchange.onResponseError(undefined, error instanceof Error ? error : new Error(String(error)));
      }
    });
  }
}
