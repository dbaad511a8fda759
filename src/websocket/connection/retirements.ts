import type { Clock, Timer } from "../../core/clock.ts";
import type { ExternalServiceError } from "../../core/errors.ts";
import type { LiveConnection } from "./live-connection.ts";

interface Retirement {
  timer: Timer;
  /** What was owed on it is settled, or was given up. */
  isOver: boolean;
  isClosing: boolean;
}

/** The connections that another has taken the place of: each is closed when nothing is owed on it, or by the limit. */
export class Retirements {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onOver: (connection: LiveConnection, error: ExternalServiceError | undefined) => void;
  readonly #all = new Map<LiveConnection, Retirement>();

  /** @param onOver - called once for each: with an error where it broke, without where we gave up what it owed. */
  constructor(
    clock: Clock,
    limitMs: number,
    onOver: (connection: LiveConnection, error: ExternalServiceError | undefined) => void,
  ) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onOver = onOver;
  }

  /** It goes on being read, for what is still owed on it. */
  add(connection: LiveConnection, isFree: Promise<void>): void {
    connection.setPaused(false, this.#clock.now());
    const timer = this.#clock.setTimer(this.#limitMs, () => this.#limitPassed(connection));
    this.#all.set(connection, { timer, isOver: false, isClosing: false });
    void isFree.then(() => this.#close(connection));
  }

  /** The one that has this socket. */
  of(socket: object): LiveConnection | undefined {
    for (const connection of this.#all.keys()) if (connection.socket === socket) return connection;
    return undefined;
  }

  has(connection: LiveConnection): boolean {
    return this.#all.has(connection);
  }

  end(connection: LiveConnection, error: ExternalServiceError | undefined): void {
    const retirement = this.#all.get(connection);
    if (retirement === undefined) return;
    retirement.timer.cancel();
    this.#all.delete(connection);
    if (!retirement.isOver) this.#onOver(connection, error);
    connection.destroy();
  }

  /** The stream is over. */
  endAll(): void {
    for (const connection of this.#all.keys()) this.end(connection, undefined);
  }

  /** What it still owes is given up; the peer is told all the same that we leave, and has as long again to agree. */
  #limitPassed(connection: LiveConnection): void {
    const retirement = this.#all.get(connection);
    if (retirement === undefined || retirement.isClosing) return this.end(connection, undefined);
    retirement.isOver = true;
    retirement.timer = this.#clock.setTimer(this.#limitMs, () => this.end(connection, undefined));
    this.#close(connection);
    this.#onOver(connection, undefined);
  }

  #close(connection: LiveConnection): void {
    const retirement = this.#all.get(connection);
    if (retirement === undefined || retirement.isClosing) return;
    retirement.isClosing = true;
    connection.socket?.close();
  }
}
