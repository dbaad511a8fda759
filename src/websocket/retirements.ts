import type { Clock, Timer } from "../core/clock.ts";
import type { ExternalServiceError } from "../core/errors.ts";
import type { LiveConnection } from "./live-connection.ts";

/** The connections that another has taken the place of: each is closed when nothing is owed on it, or by the limit. */
export class Retirements {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onOver: (connection: LiveConnection, error: ExternalServiceError | undefined) => void;
  readonly #timers = new Map<LiveConnection, Timer>();

  /** @param onOver - called once for each: with an error where it broke, without where we destroyed it. */
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
    this.#timers.set(
      connection,
      this.#clock.setTimer(this.#limitMs, () => this.end(connection, undefined)),
    );
    void isFree.then(() => connection.socket?.close());
  }

  has(connection: LiveConnection): boolean {
    return this.#timers.has(connection);
  }

  end(connection: LiveConnection, error: ExternalServiceError | undefined): void {
    const timer = this.#timers.get(connection);
    if (timer === undefined) return;
    timer.cancel();
    this.#timers.delete(connection);
    this.#onOver(connection, error);
    connection.destroy();
  }

  /** The stream is over. */
  endAll(): void {
    for (const connection of this.#timers.keys()) this.end(connection, undefined);
  }
}
