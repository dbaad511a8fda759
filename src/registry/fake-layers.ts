/** Stand-ins by the names of the services that they replace; the same where there are several layers of them. */
export type Stand = Pick<ReadonlyMap<string, unknown>, "has" | "get">;

/** The stand-ins of one scope: those that it begins with, and those that are put on top of them within it. */
export class FakeLayers implements Stand {
  readonly #first: Stand;
  /** Oldest first; each is there until its own restore, in whatever order they come. */
  readonly #more = new Set<Stand>();

  constructor(first: Stand) {
    this.#first = first;
  }

  /** The latest wins, until what is returned is called. */
  add(fakes: ReadonlyMap<string, unknown>): () => void {
    // A map of its own: the same one given twice must be restored twice.
    const own = new Map(fakes);
    this.#more.add(own);
    return () => void this.#more.delete(own);
  }

  has(name: string): boolean {
    return this.#layer(name) !== undefined;
  }

  get(name: string): unknown {
    return this.#layer(name)?.get(name);
  }

  #layer(name: string): Stand | undefined {
    const layer = [...this.#more].findLast((fakes) => fakes.has(name));
    return layer ?? (this.#first.has(name) ? this.#first : undefined);
  }
}
