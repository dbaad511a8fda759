import type { Dispatcher } from "undici";
import type { Clock } from "../../core/clock.ts";
import { measures } from "../scenarios.ts";
import type { Send } from "../subject.ts";

// Just after the moment at which a refusal would have come: until then nothing of the request is on its way.
const handshakeMs = 2 * measures.networkMs + 0.1;

/**
 * Stands where undici's pool stands, so that all of RESTService above it is the real thing. It tells a handler what
 * undici tells: the request is under way once a connection has answered, then the answer or an error.
 */
export class ModelledDispatcher {
  readonly #clock: Clock;
  /** The wire of each call, under the path that its request names. */
  readonly #wires = new Map<string, Send>();
  #lastPath = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A path of its own for a call, by which its attempts find their wire. */
  pathFor(send: Send): { readonly path: string } & Disposable {
    const path = `/${(this.#lastPath += 1)}`;
    this.#wires.set(path, send);
    return { path, [Symbol.dispose]: () => void this.#wires.delete(path) };
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    // The service's own path stands before it.
    const send = this.#wires.get(options.path.slice(options.path.lastIndexOf("/")));
    if (send === undefined) throw new Error(`no call of the lab is under way at ${options.path}`);
    const controller = new Controller((reason) => {
      cancel();
      begin.cancel();
      handler.onResponseError?.(controller, reason);
    });
    let hasBegun = false;
    const start = (): void => {
      if (hasBegun) return;
      hasBegun = true;
      handler.onRequestStart?.(controller, {});
    };
    const begin = this.#clock.setTimer(handshakeMs, start);
    const cancel = send((reply) => {
      begin.cancel();
      switch (reply.kind) {
        case "answer": {
          start();
          if (controller.aborted) return;
          const { status, retryAfterSeconds } = reply;
          const headers = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
          handler.onResponseStart?.(controller, status, headers, "");
          if (!controller.aborted) handler.onResponseEnd?.(controller, {});
          break;
        }
        case "refused":
          handler.onResponseError?.(controller, failed("connect ECONNREFUSED", "ECONNREFUSED"));
          break;
        case "reset":
          start();
          handler.onResponseError?.(controller, failed("other side closed", "UND_ERR_SOCKET"));
          break;
      }
    });
    return true;
  }
}

function failed(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}

class Controller implements Dispatcher.DispatchController {
  readonly rawHeaders: null = null;
  readonly rawTrailers: null = null;
  readonly paused = false;
  aborted = false;
  reason: Error | null = null;
  readonly #onAbort: (reason: Error) => void;

  constructor(onAbort: (reason: Error) => void) {
    this.#onAbort = onAbort;
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.#onAbort(reason);
  }

  pause(): void {}
  resume(): void {}
}
