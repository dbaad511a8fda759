import type { Clock } from "../../core/clock.ts";
import { readFill } from "./fill.ts";
import type { Arrival, Parcel } from "./held-arrivals.ts";
import { KeySequence, type OpenGap } from "./key-sequence.ts";
import { type PositionReader, positionReader } from "./position-reader.ts";
import { epochOf, type Position } from "./positions.ts";
import type { SequencerHost, SequencerLimits, SequencerStats } from "./sequencer-host.ts";
import { type Gap, type GapReason, type ResumeSettings, streamKey } from "./resume-options.ts";

/**
 * Puts the messages of a stream into the order of their positions, key by key: each once, and what is missing is
 * fetched or told. Between two connections it knows up to where all was handled.
 *
 * Without an epoch nothing says that a service began to count anew. So where the first number of a new connection is
 * below what that connection was asked for (below the last one, where it was not asked), its messages are held. If they
 * reach that number, they were repeated, and are dropped. If they do not within `fillTimeoutMs`, or there are more than
 * may be held (where nothing was handled, so that all may come again: more than that), the count began anew: they are
 * delivered, after a gap of unknown size. A count that begins anew on a
 * connection that stays is not recognised; that takes an epoch, which also turns this doubt off.
 */
export class Sequencer<Message> {
  readonly #positionOf: PositionReader<Message>;
  readonly #resume: ResumeSettings<Message>;
  readonly #limits: SequencerLimits;
  readonly #clock: Clock;
  readonly #host: SequencerHost<Message>;
  readonly #sequences = new Map<string, KeySequence<Message>>();
  /** The latest connection that was asked to go on. */
  #asked: number | undefined;
  #duplicates = 0;
  #gaps = 0;
  #filled = 0;
  #isStopped = false;

  constructor(
    service: string,
    resume: ResumeSettings<Message>,
    limits: SequencerLimits,
    clock: Clock,
    host: SequencerHost<Message>,
  ) {
    this.#positionOf = positionReader(service, resume.positionOf, host.onError);
    this.#resume = resume;
    this.#limits = limits;
    this.#clock = clock;
    this.#host = host;
    for (const [key, position] of resume.from) this.#sequences.set(key, new KeySequence(key, position));
  }

  /** Up to where all messages of each key were handled. */
  positions(): ReadonlyMap<string, Position> {
    const positions = new Map<string, Position>();
    for (const [key, { handled }] of this.#sequences) {
      if (handled.position !== undefined) positions.set(key, handled.position);
    }
    return positions;
  }

  /** The same, to be asked of a new connection. What was received after them will be repeated, and is dropped then. */
  ask(connection: number): ReadonlyMap<string, Position> {
    const positions = new Map<string, Position>();
    this.#asked = connection;
    for (const [key, sequence] of this.#sequences) {
      const position = sequence.ask(connection);
      if (position !== undefined) positions.set(key, position);
    }
    return positions;
  }

  get stats(): SequencerStats {
    let [heldMessages, heldBytes] = [0, 0];
    for (const { held } of this.#sequences.values()) {
      heldMessages += held.size;
      heldBytes += held.bytes;
    }
    return { duplicates: this.#duplicates, gaps: this.#gaps, filled: this.#filled, heldMessages, heldBytes };
  }

  /** @param connection - the number of the connection that carried it; a later one has a higher number. */
  take(parcel: Parcel<Message>, key: string | undefined, connection: number): void {
    const sequence = this.#sequenceOf(key ?? streamKey);
    const position = this.#positionOf(parcel.message, connection);
    const isDoubtful = position !== undefined && this.#isDoubtful(sequence, position, connection);
    // Only now: to settle a doubt may begin another count.
    const arrival: Arrival<Message> = { parcel, position, connection, count: sequence.count, isFilled: false };
    if (isDoubtful) this.#hold(sequence, arrival);
    else void this.#arrive(sequence, arrival);
  }

  /**
   * The connection is lost, and the next one will be asked for all that was not handled: what waits behind a gap comes
   * again, and what is missing with it. Without it, a fill that goes by way of the stream fails now, and what waits
   * would go ahead of what is missing.
   */
  lost(): void {
    for (const sequence of this.#sequences.values()) {
      if (sequence.waitsFor?.kind !== "gap") continue;
      sequence.waitsFor.controller.abort();
      sequence.waitsFor = undefined;
      for (const arrival of sequence.held.takeAll()) {
        if (arrival.position === undefined) void this.#host.deliver(arrival.parcel, undefined);
      }
    }
  }

  /**
   * The stream is about to end: what is missing is fetched no more, and what follows it stays held. It is not missing for
   * good, for whoever begins with the positions gets it then.
   */
  stop(): void {
    this.#isStopped = true;
    for (const { waitsFor } of this.#sequences.values()) if (waitsFor?.kind === "gap") waitsFor.controller.abort();
  }

  /** The key is not wanted any more; if it is again, its count begins with what comes then. */
  forget(key: string): void {
    const sequence = this.#sequences.get(key);
    if (sequence !== undefined) this.#drop(sequence);
    this.#sequences.delete(key);
  }

  /**
   * Ends fills and doubts, and drops what waits. The positions stay, and a stream that is connected again goes on.
   *
   * @returns how many messages were dropped.
   */
  close(): number {
    let dropped = 0;
    for (const sequence of this.#sequences.values()) dropped += this.#drop(sequence);
    return dropped;
  }

  #drop(sequence: KeySequence<Message>): number {
    const { waitsFor } = sequence;
    sequence.waitsFor = undefined;
    if (waitsFor?.kind === "gap") waitsFor.controller.abort();
    else waitsFor?.timer.cancel();
    return sequence.held.takeAll().length;
  }

  #sequenceOf(key: string): KeySequence<Message> {
    let sequence = this.#sequences.get(key);
    if (sequence === undefined) {
      sequence = new KeySequence(key, undefined);
      // Of this key there was nothing to ask with; a successor that was asked so may repeat all that comes until then.
      if (this.#asked !== undefined) sequence.ask(this.#asked);
      this.#sequences.set(key, sequence);
    }
    return sequence;
  }

  #isDoubtful(sequence: KeySequence<Message>, position: Position, connection: number): boolean {
    const terms = sequence.doubtAbout(position, connection);
    const { waitsFor } = sequence;
    if (waitsFor?.kind === "doubt") {
      if (typeof position === "number" && position < waitsFor.threshold) return true;
      waitsFor.timer.cancel();
      if (typeof position === "number") this.#dropRepeated(sequence);
      else this.#countAnew(sequence);
      return false;
    }
    if (terms === undefined || waitsFor !== undefined) return false;
    const timer = this.#clock.setTimer(this.#limits.fillTimeoutMs, () => this.#countAnew(sequence));
    sequence.waitsFor = { kind: "doubt", ...terms, timer };
    return true;
  }

  #dropRepeated(sequence: KeySequence<Message>): void {
    sequence.waitsFor = undefined;
    for (const { parcel, position } of sequence.held.takeAll()) {
      if (position === undefined) void this.#host.deliver(parcel, undefined);
      else this.#duplicates++;
    }
  }

  #countAnew(sequence: KeySequence<Message>): void {
    sequence.waitsFor = undefined;
    sequence.count++;
    sequence.held.recount(sequence.count);
    this.#drain(sequence);
  }

  #hold(sequence: KeySequence<Message>, arrival: Arrival<Message>): void {
    if (!sequence.held.add(arrival)) {
      this.#duplicates++;
      return;
    }
    const { waitsFor } = sequence;
    if (waitsFor === undefined || !sequence.held.exceeds(this.#limits.held)) return;
    if (waitsFor.kind === "gap") {
      waitsFor.over ??= "overflow";
      waitsFor.controller.abort();
      this.#drain(sequence);
    } else if (sequence.held.size > waitsFor.room) {
      waitsFor.timer.cancel();
      this.#countAnew(sequence);
    }
  }

  #arrive(sequence: KeySequence<Message>, arrival: Arrival<Message>): void | PromiseLike<void> {
    const { position, isFilled } = arrival;
    const { waitsFor } = sequence;
    if (position === undefined) {
      if (waitsFor === undefined || isFilled) return this.#deliver(sequence, arrival);
      return this.#hold(sequence, arrival);
    }
    const verdict = sequence.verdictOn(arrival, position);
    if (verdict === "duplicate" || (!isFilled && sequence.isRepeated(position))) {
      this.#duplicates++;
      return;
    }
    const isOfTarget = isFilled && waitsFor?.kind === "gap" && belongsTo(waitsFor.target, position);
    if (verdict === "first" || verdict === "next" || (verdict === "new-epoch" && isOfTarget)) {
      const room = this.#deliver(sequence, arrival);
      if (waitsFor !== undefined) this.#drain(sequence);
      return room;
    }
    if (isFilled && !isOfTarget) return;
    this.#hold(sequence, arrival);
    if (waitsFor === undefined) this.#drain(sequence);
  }

  /** Delivers what waits, up to the next gap that may still be filled. */
  #drain(sequence: KeySequence<Message>): void {
    for (;;) {
      const arrival = sequence.held.first;
      if (arrival === undefined) return;
      const { position } = arrival;
      const verdict = position === undefined ? "next" : sequence.verdictOn(arrival, position);
      const gap = sequence.waitsFor?.kind === "gap" ? sequence.waitsFor : undefined;
      if (position !== undefined && (verdict === "gap" || verdict === "new-epoch")) {
        if (gap === undefined && this.#resume.fill !== undefined) return this.#openGap(sequence, arrival, position);
        if (gap !== undefined && gap.over === undefined) return;
        this.#tellGap(sequence, arrival, position, gap?.over ?? "no-fill");
      }
      sequence.held.shift();
      if (gap?.target === arrival) {
        sequence.waitsFor = undefined;
        gap.controller.abort();
      }
      if (verdict === "duplicate") this.#duplicates++;
      else void this.#deliver(sequence, arrival);
    }
  }

  #deliver(sequence: KeySequence<Message>, arrival: Arrival<Message>): void | PromiseLike<void> {
    const { parcel, position, isFilled } = arrival;
    if (isFilled) this.#filled++;
    return this.#host.deliver(parcel, position === undefined ? undefined : sequence.deliver(arrival, position));
  }

  #openGap(sequence: KeySequence<Message>, target: Arrival<Message>, position: Position): void {
    const gap: OpenGap<Message> = { kind: "gap", target, controller: new AbortController(), over: undefined };
    sequence.waitsFor = gap;
    if (!this.#isStopped) void this.#fill(sequence, gap, position);
  }

  /** Does not reject. */
  async #fill(sequence: KeySequence<Message>, gap: OpenGap<Message>, before: Position): Promise<void> {
    const { connection, count } = gap.target;
    const missing = (): Gap => sequence.gapBefore(gap.target, before);
    const isOpen = (): boolean => !this.#isStopped && sequence.waitsFor === gap && gap.over === undefined;
    let reason: GapReason = "incomplete";
    try {
      await readFill<Message>((signal) => this.#resume.fill?.({ ...missing(), signal }) ?? [], {
        clock: this.#clock,
        limitMs: this.#limits.fillTimeoutMs,
        controller: gap.controller,
        timedOut: this.#host.timedOut,
        take: (message) => {
          const position = this.#positionOf(message, connection);
          return this.#arrive(sequence, { parcel: { message, bytes: 0 }, position, connection, count, isFilled: true });
        },
      });
    } catch (thrown) {
      reason = "failed";
      if (isOpen()) this.#host.onError(thrown);
    }
    if (!isOpen()) return;
    gap.over = reason;
    this.#drain(sequence);
  }

  #tellGap(sequence: KeySequence<Message>, arrival: Arrival<Message>, position: Position, reason: GapReason): void {
    this.#gaps++;
    const { onGap } = this.#resume;
    if (onGap === undefined) return;
    const missed = sequence.missedBefore(arrival, position, reason);
    const tell = async (): Promise<void> => onGap(missed);
    tell().catch((thrown: unknown) => this.#host.onError(thrown));
  }
}

/** Of the same count as the message after the gap. */
function belongsTo<Message>({ position }: Arrival<Message>, filled: Position): boolean {
  return position !== undefined && epochOf(position) === epochOf(filled);
}
