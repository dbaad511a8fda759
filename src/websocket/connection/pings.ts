import type { Clock } from "../../core/clock.ts";
import { RttSamples, type RttSummary } from "./rtt.ts";

interface Outstanding {
  readonly payload: string;
  readonly sentAt: number;
  readonly answered: ((rttMs: number | undefined) => void) | undefined;
}

// A peer that never answers is the heartbeat's business; here it must only not fill the memory.
const maxOutstanding = 32;

/** The pings of one stream that wait for their pong, and the round-trip time that pongs tell. */
export class Pings {
  readonly #clock: Clock;
  #outstanding: Outstanding[] = [];
  /** Made with the first pong. */
  #rtt: RttSamples | undefined;
  #sent = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of the last pong that came, in milliseconds. */
  get rttMs(): number | undefined {
    return this.#rtt?.lastMs;
  }

  /** Of the last hundred pongs; undefined before the first. Sorts them, so it is for whoever asks, not for each pong. */
  get rtt(): RttSummary | undefined {
    return this.#rtt?.summary();
  }

  /** Sends one; `answered` is called once: with the time it took, or with undefined when no pong will come. */
  send(socket: { ping(payload: string): void }, answered?: (rttMs: number | undefined) => void): void {
    const payload = String(++this.#sent);
    this.#outstanding.push({ payload, sentAt: this.#clock.now(), answered });
    if (this.#outstanding.length > maxOutstanding) this.#outstanding.shift()?.answered?.(undefined);
    socket.ping(payload);
  }

  /**
   * A pong came. It answers the earlier pings too: a peer may answer only the last (RFC 6455, section 5.5.3). Of those
   * it tells no round-trip time, so it is one sample.
   *
   * @returns false where no ping of ours had this payload.
   */
  pong(payload: string): boolean {
    const index = this.#outstanding.findIndex((ping) => ping.payload === payload);
    if (index === -1) return false;
    const answered = this.#outstanding.splice(0, index + 1);
    const now = this.#clock.now();
    for (const ping of answered) ping.answered?.(now - ping.sentAt);
    const last = answered.at(-1);
    if (last !== undefined) (this.#rtt ??= new RttSamples()).add(now - last.sentAt);
    return true;
  }

  /** The connection is gone: no pong will come. */
  clear(): void {
    for (const ping of this.#outstanding.splice(0)) ping.answered?.(undefined);
  }
}
