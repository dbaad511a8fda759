import type { OptionReader } from "../../core/options.ts";

/** What is unique in a message of a feed that does not count. */
export type MessageId = string | number | bigint;

/** By what a message is known to have come before. */
export interface DedupeOptions<Message> {
  /** Undefined for a message that has no id: it is never a duplicate. Ids of different types are different. */
  readonly idOf: (message: Message) => MessageId | undefined;
  /** How many are remembered; the oldest is forgotten first. Whole, 1 to 10,000,000. @defaultValue 10000 */
  readonly maxIds?: number | undefined;
}

/** The options, checked and with their defaults. */
export interface DedupeSettings<Message> {
  readonly idOf: (message: Message) => MessageId | undefined;
  readonly maxIds: number;
}

/** Reads `dedupe`; undefined where it was not given. */
export function readDedupe<Message>(reader: OptionReader): DedupeSettings<Message> | undefined {
  const nested = reader.nested("dedupe");
  if (nested === undefined) return undefined;
  const idOf = nested.function<(message: Message) => MessageId | undefined>("idOf");
  if (idOf === undefined && !nested.isGiven("idOf")) nested.problem("dedupe.idOf is missing: a function");
  // A Set holds 16 million at most, and each costs some 50 bytes.
  const maxIds = nested.number("maxIds", 10_000, { min: 1, max: 10_000_000, whole: true });
  nested.rejectUnknown();
  return idOf === undefined ? undefined : { idOf, maxIds };
}

/** The last ids that were seen, each in constant time. */
export class SeenIds {
  readonly #maxIds: number;
  /** Those that `#ring` holds, and no others. */
  readonly #ids = new Set<MessageId>();
  /** In the order in which they came. A Set alone keeps that too, but finding its first walks over what was deleted. */
  readonly #ring: MessageId[] = [];
  /** Where the next one goes: once the ring is full, the place of the oldest. */
  #next = 0;

  /** @param maxIds - a whole number, at least 1. */
  constructor(maxIds: number) {
    this.#maxIds = maxIds;
  }

  get size(): number {
    return this.#ids.size;
  }

  /** True where the id was among the last; else it is from now on. A duplicate does not make its id younger. */
  seen(id: MessageId): boolean {
    if (this.#ids.has(id)) return true;
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined) this.#ids.delete(oldest);
    this.#ring[this.#next] = id;
    this.#ids.add(id);
    this.#next = (this.#next + 1) % this.#maxIds;
    return false;
  }
}
