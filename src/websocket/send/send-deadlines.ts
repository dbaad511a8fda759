import type { Clock, Timer } from "../../core/clock.ts";
import type { Outgoing, OutgoingLine } from "./outgoing.ts";

/**
 * The limits of all that is on its way out, on one timer.
 *
 * The entries are in lines already: to keep them in a set besides took a fifth of what it costs to send a
 * message. Nothing happens when one leaves; the timer may find that nothing is due.
 */
export class SendDeadlines {
  readonly #clock: Clock;
  readonly #lines: () => readonly OutgoingLine[];
  #timer: Timer | undefined;
  /** Never later than the earliest limit; Infinity when no timer is set. */
  #armedFor = Number.POSITIVE_INFINITY;

  /** @param lines - all lines in which an entry may be. */
  constructor(clock: Clock, lines: () => readonly OutgoingLine[]) {
    this.#clock = clock;
    this.#lines = lines;
  }

  /** To be called once the entry is in a line. */
  watch({ expiresAt }: Outgoing): void {
    if (expiresAt < this.#armedFor) this.#arm(expiresAt);
  }

  /** Cancels the timer; nobody is told. */
  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #arm(at: number): void {
    this.#timer?.cancel();
    this.#armedFor = at;
    this.#timer = this.#clock.setTimer(at - this.#clock.now(), () => this.#walk());
    // What a message waits for, a socket or the next dial, keeps the process alive; its limit alone need not.
    this.#timer.unref();
  }

  #walk(): void {
    this.clear();
    const now = this.#clock.now();
    for (const entry of entriesOf(this.#lines())) if (entry.expiresAt <= now) entry.expire();
    for (const entry of entriesOf(this.#lines())) this.watch(entry);
  }
}

/** As they are now: an entry that expires leaves its line. */
function entriesOf(lines: readonly OutgoingLine[]): Outgoing[] {
  const entries: Outgoing[] = [];
  for (const line of lines) for (let entry = line.first; entry !== undefined; entry = entry.after) entries.push(entry);
  return entries;
}
