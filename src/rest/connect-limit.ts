import { Duplex } from "node:stream";
import type { buildConnector } from "undici";
import errors from "undici/lib/core/errors.js";
import type { Clock } from "../core/clock.ts";

/**
 * Makes one connection. undici's own connectors return the socket that is connecting, which its types do not say; that
 * of a tunnel returns none, and passes `signal` on to the request for the tunnel.
 */
export type Connector = (
  options: buildConnector.Options & { readonly signal?: AbortSignal },
  callback: buildConnector.Callback,
) => unknown;

/**
 * Ends what takes too long to connect: DNS, TCP, TLS, and the tunnel of a proxy, as one. undici's own limit runs on a
 * timer that ticks twice a second, is up to a second late, and begins anew with each part of a tunnel.
 */
export class ConnectLimit {
  readonly #limitMs: number;
  readonly #clock: Clock;
  /** What ends each connection that is being made; one that is made, failed or given up is not in it. */
  readonly #underWay = new Set<(why: Error) => void>();

  /** @param limitMs - milliseconds, above 0. */
  constructor(limitMs: number, clock: Clock) {
    this.#limitMs = limitMs;
    this.#clock = clock;
  }

  /** The same connector under the limit. Its callback is called once, at the limit at the latest. */
  within(connect: Connector): Connector {
    return (options, callback) => {
      const controller = new AbortController();
      let connecting: unknown;
      const giveUp = (why: Error): void => {
        settle();
        controller.abort(why);
        if (connecting instanceof Duplex) connecting.destroy();
        callback(why, null);
      };
      const timer = this.#clock.setTimer(this.#limitMs, () =>
        giveUp(new errors.ConnectTimeoutError(`no connection within ${this.#limitMs} ms`)),
      );
      const settle = (): void => {
        timer.cancel();
        this.#underWay.delete(giveUp);
      };
      this.#underWay.add(giveUp);
      try {
        connecting = connect({ ...options, signal: controller.signal }, (...ends: Parameters<typeof callback>) => {
          if (this.#underWay.has(giveUp)) {
            settle();
            callback(...ends);
          } else {
            // Nobody takes it any more.
            ends[1]?.on("error", () => undefined).destroy();
          }
        });
      } catch (error) {
        settle();
        throw error;
      }
    };
  }

  /** Gives up every connection that is being made: who closes a service does not wait for one that nobody wants. */
  close(): void {
    for (const giveUp of this.#underWay) giveUp(new Error("the service was closed"));
  }
}
