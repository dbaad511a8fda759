import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Dispatcher } from "undici";
import Client from "undici/lib/dispatcher/client.js";
import type { Clock, Timer } from "../core/clock.ts";
import type { Connector } from "../rest/connect-limit.ts";
import { type LocalConnection, localConnection } from "./local-connection.ts";
import { misuseError } from "./misuse-error.ts";

/** The service's end of a connection, once the request has arrived on it. */
export interface Line {
  /** Aborts when the client has given up, or has all that it wanted. */
  readonly gone: AbortSignal;
  /** Writes bytes as they are, and waits until there is room for more; false where nobody takes them any more. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Closes the connection in good order. */
  end(): void;
  /** Breaks it: with a reset, or with an error of one's own. */
  break(error?: Error): void;
}

/** What is to become of one request. */
export type Play =
  /** No connection is made. */
  | { readonly kind: "no-connection"; readonly error: Error; readonly afterMs: number }
  /** It is sent; `arrived` is called with its whole body, and says the rest. */
  | { readonly kind: "connection"; arrived(body: Uint8Array, line: Line): Promise<void> };

// The reason is never seen, and the stack of one that is made anew for each call costs a tenth of the call.
const over = new Error("the connection is over");

type Arrive = (request: IncomingMessage) => void;

/**
 * Carries requests within the process. It is undici's own client that writes and Node's own server that reads, over a
 * connection that is a pair of streams: so whatever is answered, or goes wrong, is seen as it would be from a network.
 */
export class LocalWire {
  readonly #clock: Clock;
  readonly #server: Server = createServer((request) => this.#arrivals.get(request.socket)?.(request));
  readonly #arrivals = new WeakMap<Duplex, Arrive>();
  /** By the request that each was made for. */
  readonly #clients = new Map<Client, string>();
  readonly #timers = new Set<Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, play: Play): void {
    // A connection for each request: what becomes of one is then no affair of another.
    const client = new Client(String(options.origin), {
      connect: this.#connector(play) as never,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#clients.set(client, `${options.method} ${options.path.replace(/\?.*/s, "")}`);
    const forget = (): void => void this.#clients.delete(client);
    client.dispatch(options, handler);
    // Once the request is over; one that is destroyed before says so by a rejection.
    client.close().then(forget, forget);
  }

  /** Waits on the clock of the wire; false where the wait was given up. */
  wait(delayMs: number, until: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      if (until.aborted) {
        resolve(false);
        return;
      }
      const gone = (): void => {
        timer.cancel();
        this.#timers.delete(timer);
        resolve(false);
      };
      const timer = this.#clock.setTimer(delayMs, () => {
        this.#timers.delete(timer);
        until.removeEventListener("abort", gone);
        resolve(true);
      });
      this.#timers.add(timer);
      until.addEventListener("abort", gone, { once: true });
    });
  }

  /** Ends every request that is under way, for good. @param what - was closed, for their errors. */
  async destroy(what: string): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    const ends = [...this.#clients].map(([client, request]) =>
      client.destroy(misuseError(`${request} was under way when ${what} was closed`)),
    );
    await Promise.all(ends);
  }

  #connector(play: Play): Connector {
    return (_options, callback) => {
      if (play.kind === "connection") {
        const connection = localConnection();
        this.#serve(connection, play);
        // Not before the caller has returned: undici takes the answer for one that came later.
        queueMicrotask(() => callback(null, connection.client as never));
        return;
      }
      const fail = (): void => callback(play.error, null);
      if (play.afterMs === 0) queueMicrotask(fail);
      else {
        const timer = this.#clock.setTimer(play.afterMs, () => {
          this.#timers.delete(timer);
          fail();
        });
        this.#timers.add(timer);
      }
    };
  }

  #serve(connection: LocalConnection, play: Play & { readonly kind: "connection" }): void {
    const { server, client } = connection;
    server.on("error", () => undefined);
    const gone = new AbortController();
    server.once("close", () => gone.abort(over));
    client.once("close", () => gone.abort(over));
    this.#arrivals.set(server, (request) => {
      const pieces: Uint8Array[] = [];
      request.on("error", () => undefined);
      request.on("data", (piece: Uint8Array) => pieces.push(piece));
      request.on("end", () => void play.arrived(Buffer.concat(pieces), lineOf(connection, gone.signal)));
    });
    this.#server.emit("connection", server);
  }
}

function lineOf({ server, client, reset }: LocalConnection, gone: AbortSignal): Line {
  return {
    gone,
    async write(bytes) {
      if (gone.aborted || server.destroyed) return false;
      if (server.write(bytes)) return true;
      try {
        await once(server, "drain", { signal: gone });
        return true;
      } catch {
        return false;
      }
    },
    end: () => void server.end(),
    break(error) {
      if (error === undefined) reset();
      else client.destroy(error);
    },
  };
}
