/** How a send settled. */
export const endings = ["unsettled", "written", "not-sent", "unknown", "other"] as const;
export type SendEnding = (typeof endings)[number];

/** What is wrong with what one stream sent. */
export interface SendFindings {
  readonly started: number;
  readonly arrived: number;
  readonly endings: Readonly<Record<SendEnding, number>>;
  /** Settled as `not-sent`, and arrived all the same. */
  readonly falselyNotSent: number;
  readonly arrivedTwice: number;
  /** Arrived after one that was sent later. */
  readonly disordered: number;
  /** Written and never arrived, although a later one arrived on the same connection: TCP loses no such thing. */
  readonly holes: number;
  /** Written and never arrived, and the connection was not lost after it. */
  readonly lostInCalm: number;
  /** Arrived, and nobody sent them. */
  readonly strangers: number;
  /** Written into a connection that broke: what `send` does not promise (its result is no receipt). */
  readonly lostWithConnection: number;
}

/**
 * What a stream sent, numbered from 1, and what of it arrived. In typed arrays of a fixed size: a soak must not measure
 * its own books.
 */
export class SendLedger {
  readonly #endings: Uint8Array;
  /** Of the connection that was there when it settled. */
  readonly #generations: Uint32Array;
  /** The number of the connection that it arrived on; 0: it did not. */
  readonly #arrivedOn: Uint32Array;
  #started = 0;
  #arrivedTwice = 0;
  #disordered = 0;
  #strangers = 0;
  #lastArrived = 0;

  constructor(capacity: number) {
    this.#endings = new Uint8Array(capacity + 1);
    this.#generations = new Uint32Array(capacity + 1);
    this.#arrivedOn = new Uint32Array(capacity + 1);
  }

  get started(): number {
    return this.#started;
  }

  get unsettled(): number {
    return this.#count("unsettled");
  }

  /** The number for the next send; undefined where there is no more room. */
  begin(): number | undefined {
    if (this.#started + 1 >= this.#endings.length) return undefined;
    this.#started += 1;
    return this.#started;
  }

  settle(number: number, ending: SendEnding, generation: number): void {
    this.#endings[number] = endings.indexOf(ending);
    this.#generations[number] = generation;
  }

  /** The far side has it, from the connection with this number. */
  arrive(number: number, generation: number): void {
    if (!(number >= 1 && number <= this.#started)) {
      this.#strangers += 1;
      return;
    }
    if (this.#arrivedOn[number] !== 0) this.#arrivedTwice += 1;
    else if (number < this.#lastArrived) this.#disordered += 1;
    this.#arrivedOn[number] = generation;
    this.#lastArrived = Math.max(this.#lastArrived, number);
  }

  /** @param lastGeneration - of the connection that was open until the end. */
  findings(lastGeneration: number): SendFindings {
    const latest = this.#latestArrivals();
    const found = { falselyNotSent: 0, holes: 0, lostInCalm: 0, lostWithConnection: 0, arrived: 0 };
    for (let number = 1; number <= this.#started; number++) {
      const ending = this.#endingOf(number);
      if (this.#arrivedOn[number] !== 0) {
        found.arrived += 1;
        if (ending === "not-sent") found.falselyNotSent += 1;
        continue;
      }
      if (ending !== "written") continue;
      const generation = this.#generations[number] ?? 0;
      if (number < (latest.get(generation) ?? 0)) found.holes += 1;
      else if (generation === lastGeneration) found.lostInCalm += 1;
      else found.lostWithConnection += 1;
    }
    return {
      ...found,
      started: this.#started,
      endings: Object.fromEntries(endings.map((ending) => [ending, this.#count(ending)])) as SendFindings["endings"],
      arrivedTwice: this.#arrivedTwice,
      disordered: this.#disordered,
      strangers: this.#strangers,
    };
  }

  /** For each connection the latest number that arrived on it. */
  #latestArrivals(): ReadonlyMap<number, number> {
    const latest = new Map<number, number>();
    for (let number = 1; number <= this.#started; number++) {
      const generation = this.#arrivedOn[number] ?? 0;
      if (generation !== 0) latest.set(generation, number);
    }
    return latest;
  }

  #count(ending: SendEnding): number {
    let count = 0;
    for (let number = 1; number <= this.#started; number++) if (this.#endingOf(number) === ending) count += 1;
    return count;
  }

  #endingOf(number: number): SendEnding {
    return endings[this.#endings[number] ?? 0] ?? "other";
  }
}
