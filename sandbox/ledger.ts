/** A key and how often it came. */
export interface SeenKey {
  readonly key: string;
  /** What was done under it; `null` while nothing was: the requests with it were refused. */
  readonly entryId: string | null;
  readonly timesSeen: number;
}

/** What a server has done, and every idempotency key it has seen: the proof that nothing was lost or done twice. */
export class Ledger<E extends { readonly id: string }> {
  readonly #entries = new Map<string, E>();
  readonly #keys = new Map<string, { entryId: string | null; timesSeen: number }>();
  #requests = 0;

  /** Counts a request whose body was read, whatever becomes of it. */
  see(key: string | undefined): void {
    this.#requests += 1;
    if (key === undefined) return;
    const seen = this.#keys.get(key) ?? { entryId: null, timesSeen: 0 };
    seen.timesSeen += 1;
    this.#keys.set(key, seen);
  }

  /** Records what was done, once and for all. */
  record(entry: E, key: string | undefined): void {
    this.#entries.set(entry.id, entry);
    const seen = key === undefined ? undefined : this.#keys.get(key);
    if (seen !== undefined) seen.entryId = entry.id;
  }

  /** The number of requests whose body was read. */
  get requests(): number {
    return this.#requests;
  }

  entry(id: string): E | undefined {
    return this.#entries.get(id);
  }

  /** In the order they were done. */
  entries(): readonly E[] {
    return [...this.#entries.values()];
  }

  /** In the order they were first seen. */
  keys(): readonly SeenKey[] {
    return [...this.#keys].map(([key, { entryId, timesSeen }]) => ({ key, entryId, timesSeen }));
  }

  timesSeen(key: string | null): number {
    return (key === null ? undefined : this.#keys.get(key)?.timesSeen) ?? 0;
  }

  clear(): void {
    this.#entries.clear();
    this.#keys.clear();
    this.#requests = 0;
  }
}
