/** At most so many dials of one host are under way at a time. */
export const maxDialsPerHost = 10;

interface Line {
  active: number;
  /** Who waits, first come first; each is called when it is its turn. */
  readonly waiting: Set<() => void>;
}

/**
 * Makes those who dial the same host wait for each other: at most ten at a time, first come, first served. A host that
 * dropped a hundred streams gets them back ten by ten, instead of a hundred TLS handshakes in one moment.
 */
export class DialTurns {
  readonly #lines = new Map<string, Line>();

  /** How many hosts are being dialled. */
  get hosts(): number {
    return this.#lines.size;
  }

  /**
   * Waits for a turn to dial. Whoever got one gives it back when the attempt is over, however it ended and whether or
   * not the signal has aborted meanwhile.
   *
   * @param host - with its port: `feed.example.com:443`.
   * @returns what gives the turn back; harmless when called again.
   * @throws the signal's reason where it aborts before the turn has come.
   */
  async take(host: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const line = this.#lines.get(host) ?? { active: 0, waiting: new Set() };
    this.#lines.set(host, line);
    if (line.active < maxDialsPerHost) line.active++;
    else await this.#wait(line, signal);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#release(host, line);
    };
  }

  // A line with somebody in it has ten who dial, so leaving it never leaves it empty.
  #wait({ waiting }: Line, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        waiting.delete(enter);
        reject(signal.reason as Error);
      };
      waiting.add(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** The turn goes over to the next in the line at once: nobody who comes in between can overtake. */
  #release(host: string, line: Line): void {
    const [next] = line.waiting;
    if (next !== undefined) {
      line.waiting.delete(next);
      next();
      return;
    }
    line.active--;
    if (line.active === 0) this.#lines.delete(host);
  }
}

/**
 * The turns of all streams of the process. One for the process, because the far side does not care which objects of
 * ours its hundred clients are: streams that know nothing of each other are the very case. It holds a host only while
 * that is being dialled, so nothing is left of it afterwards, and nothing happens on import.
 */
export const dialTurns: DialTurns = new DialTurns();
