import type { DialStage } from "./connection-model.ts";
import type { DialListener } from "../dial/dial.ts";
import type { LiveConnection } from "./live-connection.ts";
import type { OpenInfo, SocketEnd } from "../socket/stream-socket.ts";

/** Told what the connections of a stream do. */
export interface ConnectionWatcher {
  dialled(connection: LiveConnection, at: { readonly shown: string; readonly count: number }): void;
  reached(connection: LiveConnection, stage: DialStage): void;
  opened(connection: LiveConnection): void;
  message(connection: LiveConnection, data: string | Uint8Array, bytes: number): void;
  pong(payload: string): void;
  ended(connection: LiveConnection, end: SocketEnd): void;
}

/** Says of one connection which it is. A class, not an object of closures: it lives as long as the connection. */
export class ConnectionListener implements DialListener {
  readonly #watcher: ConnectionWatcher;
  readonly #connection: LiveConnection;

  constructor(watcher: ConnectionWatcher, connection: LiveConnection) {
    this.#watcher = watcher;
    this.#connection = connection;
  }

  endpoint(at: { readonly shown: string; readonly count: number }): void {
    this.#watcher.dialled(this.#connection, at);
  }

  stage(stage: DialStage): void {
    this.#watcher.reached(this.#connection, stage);
  }

  opened({ protocol }: OpenInfo): void {
    this.#connection.protocol = protocol;
    this.#watcher.opened(this.#connection);
  }

  message(data: string | Uint8Array, bytes: number): void {
    this.#watcher.message(this.#connection, data, bytes);
  }

  pong(payload: string): void {
    this.#watcher.pong(payload);
  }

  ended(end: SocketEnd): void {
    this.#watcher.ended(this.#connection, end);
  }
}
