import type { Socket } from "node:net";
import type { Random } from "../../core/clock.ts";
import type { Faults } from "./proxy-faults.ts";
import { Pump } from "./pump.ts";

/** One connection of a client through a fault proxy. */
export class ProxyConnection {
  /** Of the connections of its proxy, the first is 1. */
  readonly number: number;
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #toTarget: Pump;
  readonly #toClient: Pump;

  /** @internal */
  constructor(number: number, client: Socket, target: Socket, random: Random, faults: () => Faults) {
    this.number = number;
    this.#client = client;
    this.#target = target;
    const reset = (): void => this.reset();
    this.#toTarget = new Pump(client, target, { faults: () => faults().toTarget, random, reset });
    this.#toClient = new Pump(target, client, { faults: () => faults().toClient, random, reset });
  }

  /** Passed on so far. */
  get bytesToTarget(): number {
    return this.#toTarget.bytes;
  }

  /** Passed on so far. */
  get bytesToClient(): number {
    return this.#toClient.bytes;
  }

  /** Whether either side still has its end of it. */
  get isOpen(): boolean {
    return !this.#client.destroyed || !this.#target.destroyed;
  }

  /** Breaks it with a reset on both sides. */
  reset(): void {
    this.#stop();
    this.#client.resetAndDestroy();
    // What is not connected yet cannot be reset.
    if (this.#target.connecting) this.#target.destroy();
    else this.#target.resetAndDestroy();
  }

  /** Closes it on both sides, as if each were told that the other has ended it. */
  close(): void {
    this.#stop();
    this.#client.destroy();
    this.#target.destroy();
  }

  /** What is to be done has changed. @internal */
  wake(): void {
    this.#toTarget.wake();
    this.#toClient.wake();
  }

  #stop(): void {
    this.#toTarget.stop();
    this.#toClient.stop();
  }
}
