import type { Timer } from "../../core/clock.ts";
import { HandledMark } from "./handled-mark.ts";
import { type Arrival, HeldArrivals } from "./held-arrivals.ts";
import { epochOf, idOf, judge, offsetOf, type Position, type Verdict } from "./positions.ts";
import type { Gap, GapReason, MissedGap } from "./resume-options.ts";

/** A gap that `fill` is asked to close. */
export interface OpenGap<Message> {
  readonly kind: "gap";
  /** The first message after it, which is held. */
  readonly target: Arrival<Message>;
  readonly controller: AbortController;
  /** Why nothing more is expected of `fill`; undefined while it runs. */
  over: GapReason | undefined;
}

/** A new connection began below what it was asked for: it repeats more than was wanted, or its count began anew. */
interface Doubt extends DoubtTerms {
  readonly kind: "doubt";
  readonly timer: Timer;
}

/** What settles a doubt. */
export interface DoubtTerms {
  /** A number that reaches it settles it: they were repeated. */
  readonly threshold: number;
  /** So many may wait, whatever the bound of what is held. */
  readonly room: number;
}

/** What a connection was asked to go on from. */
interface Asked {
  readonly connection: number;
  readonly position: Position | undefined;
}

// What cannot be compared, and may come again, is remembered.
const maxRepeatable = 10_000;

/** What is known of the messages of one key. */
export class KeySequence<Message> {
  readonly key: string;
  readonly handled: HandledMark;
  readonly held: HeldArrivals<Message> = new HeldArrivals<Message>();
  waitsFor: OpenGap<Message> | Doubt | undefined;
  /** How often the count began anew without an epoch that says so. */
  count = 0;
  /** Of the first message of this count that was delivered. */
  #first: Position | undefined;
  /** Of the last message that was delivered. */
  #last: Position | undefined;
  #lastCount = 0;
  /** The latest connection that carried a position. */
  #connection: number | undefined;
  #asked: Asked | undefined;
  /** The one before: while a successor is asked, the connection that flows may not have carried anything yet. */
  #askedBefore: Asked | undefined;
  /** Positions after the one that was asked for, which do not compare with the last: the new connection repeats them. */
  readonly #repeatable = new Set<string>();

  constructor(key: string, from: Position | undefined) {
    this.key = key;
    this.handled = new HandledMark(from);
    this.#last = from;
  }

  /** A new connection is asked for all that comes after the returned position. */
  ask(connection: number): Position | undefined {
    const { position } = this.handled;
    this.#askedBefore = this.#asked;
    this.#asked = { connection, position };
    this.#repeatable.clear();
    for (const received of this.handled.unhandled()) this.#remember(received);
    return position;
  }

  verdictOn(arrival: Arrival<Message>, position: Position): Verdict {
    if (arrival.count !== this.#lastCount) return "new-epoch";
    return judge(this.#last, position);
  }

  /** Whether it was delivered already, though it does not compare with the last one, and this is its one repetition. */
  isRepeated(position: Position): boolean {
    return this.#repeatable.size > 0 && this.#repeatable.delete(idOf(position));
  }

  /**
   * The number below which a connection is not believed that it repeats; undefined where there is no doubt about it.
   * Asked only about the first message that a connection carries: later ones may be late, and are duplicates.
   */
  doubtAbout(position: Position, connection: number): DoubtTerms | undefined {
    const earlier = this.#connection;
    if (earlier !== undefined && connection <= earlier) return undefined;
    this.#connection = connection;
    const asked = [this.#asked, this.#askedBefore].find((one) => one?.connection === connection);
    // What it was asked for is forgotten over those after it, so nothing is known that it falls short of.
    if (asked === undefined && this.#asked !== undefined && this.#asked.connection > connection) return undefined;
    // Where a program begins with `from` and asks for nothing, all that is not beyond it is to be dropped.
    const threshold = asked?.position ?? (earlier === undefined ? undefined : this.#last);
    if (typeof position !== "number" || typeof threshold !== "number" || typeof this.#last !== "number")
      return undefined;
    if (position >= threshold) return undefined;
    // With nothing handled there was nothing to ask with, and all that was received may come again: as much as consumers
    // still had then, and what came since. To keep as much again for a while is no other order of memory.
    const hadNothing = asked !== undefined && asked.position === undefined;
    const isRepeated = hadNothing && typeof this.#first === "number" && position >= this.#first;
    return { threshold, room: isRepeated ? threshold - position : 0 };
  }

  /** It is delivered now. @returns what is to be called when it was handled. */
  deliver(arrival: Arrival<Message>, position: Position): () => void {
    if (this.#last === undefined || arrival.count !== this.#lastCount) this.#first = position;
    this.#last = position;
    this.#lastCount = arrival.count;
    // While a successor is prepared, the old connection flows on, and the successor will repeat that too.
    const isBeforeSuccessor = this.#asked !== undefined && arrival.connection < this.#asked.connection;
    if (isBeforeSuccessor) this.#remember(position);
    return this.handled.add(position);
  }

  /** What lies between the last message and this one. */
  gapBefore(arrival: Arrival<Message>, position: Position): Gap {
    const isKnown = this.verdictOn(arrival, position) === "gap" && this.#last !== undefined;
    const after = isKnown && this.#last !== undefined ? offsetOf(this.#last) : undefined;
    const epoch = epochOf(position);
    return { key: this.key, after, before: offsetOf(position), ...(epoch === undefined ? {} : { epoch }) };
  }

  missedBefore(arrival: Arrival<Message>, position: Position, reason: GapReason): MissedGap {
    const gap = this.gapBefore(arrival, position);
    const { after, before } = gap;
    const isCounted = typeof after === "number" && typeof before === "number";
    return { ...gap, missing: isCounted ? before - after - 1 : undefined, reason };
  }

  #remember(position: Position): void {
    // A bare number compares, but for one of an earlier count, whose like the new count has as well.
    if (typeof position === "number" || this.#comparesWithLast(position)) return;
    this.#repeatable.add(idOf(position));
    if (this.#repeatable.size <= maxRepeatable) return;
    for (const oldest of this.#repeatable) {
      this.#repeatable.delete(oldest);
      return;
    }
  }

  #comparesWithLast(position: Position): boolean {
    return (
      typeof offsetOf(position) === "number" && this.#last !== undefined && judge(this.#last, position) === "duplicate"
    );
  }
}
