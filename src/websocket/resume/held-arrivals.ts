import type { InboxLimits } from "../receive/inbox.ts";
import { epochOf, offsetOf, type Position } from "./positions.ts";

/** A message on its way to the lanes. */
export interface Parcel<Message> {
  readonly message: Message;
  /** Of its frame. */
  readonly bytes: number;
}

/** A message that came, before it is known what becomes of it. */
export interface Arrival<Message> {
  readonly parcel: Parcel<Message>;
  readonly position: Position | undefined;
  readonly connection: number;
  /** How often its count had begun anew without an epoch that says so. */
  count: number;
  /** `fill` gave it. */
  readonly isFilled: boolean;
}

/** Messages of one key that wait: in the order of their positions where they count, else in which they came. */
export class HeldArrivals<Message> {
  #held: Arrival<Message>[] = [];
  #bytes = 0;

  get size(): number {
    return this.#held.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get first(): Arrival<Message> | undefined {
    return this.#held[0];
  }

  /** One message alone never does, however large it is. */
  exceeds(limits: InboxLimits): boolean {
    return this.#held.length > 1 && (this.#held.length > limits.maxMessages || this.#bytes > limits.maxBytes);
  }

  /** They are of another count than was thought. */
  recount(count: number): void {
    for (const arrival of this.#held) arrival.count = count;
  }

  /** False where the same position is held already. */
  add(arrival: Arrival<Message>): boolean {
    let at = this.#held.length;
    for (let i = at - 1; arrival.position !== undefined && i >= 0; i--) {
      const other = this.#held[i];
      if (other?.position === undefined) continue;
      const ahead = distance(arrival, other);
      if (ahead === 0) return false;
      // What does not compare stays where it is; mostly the last one is smaller, and the search is over at once.
      if (ahead === undefined || ahead > 0) break;
      at = i;
    }
    this.#held.splice(at, 0, arrival);
    this.#bytes += arrival.parcel.bytes;
    return true;
  }

  shift(): Arrival<Message> | undefined {
    const arrival = this.#held.shift();
    if (arrival !== undefined) this.#bytes -= arrival.parcel.bytes;
    return arrival;
  }

  takeAll(): Arrival<Message>[] {
    const all = this.#held;
    this.#held = [];
    this.#bytes = 0;
    return all;
  }
}

/** How much further the one is than the other; undefined where they do not compare. */
function distance<M>(one: Arrival<M>, other: Arrival<M>): number | undefined {
  if (one.position === undefined || other.position === undefined || one.count !== other.count) return undefined;
  if (epochOf(one.position) !== epochOf(other.position)) return undefined;
  const [a, b] = [offsetOf(one.position), offsetOf(other.position)];
  if (a === b) return 0;
  return typeof a === "number" && typeof b === "number" ? a - b : undefined;
}
