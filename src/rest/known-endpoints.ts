/** How many endpoints are kept. */
const maxKnown = 500;
// A longer one is a link that somebody was given, and not likely to come again.
const maxLength = 500;
// So seldom that what is forgotten in vain costs nothing, and so often that others get their turn.
const maxMissed = 10_000;

/**
 * What was made for an endpoint, for as many as a service has. Where callers paste values into their endpoints there
 * is no end to them: what finds no place is not kept, and now and then all are forgotten, so that no place is taken for
 * good by what comes no more.
 */
export class KnownEndpoints<T> {
  readonly #byMethod = new Map<string, Map<string, T>>();
  #size = 0;
  #missed = 0;

  get(method: string, endpoint: string): T | undefined {
    return this.#byMethod.get(method)?.get(endpoint);
  }

  /** Keeps the value of an endpoint that is not known, if there is a place for it. */
  add(method: string, endpoint: string, value: T): void {
    if (endpoint.length > maxLength) return;
    if (this.#size >= maxKnown) {
      this.#missed += 1;
      if (this.#missed < maxMissed) return;
      this.#byMethod.clear();
      this.#size = 0;
      this.#missed = 0;
    }
    const known = this.#byMethod.get(method);
    if (known === undefined) this.#byMethod.set(method, new Map([[endpoint, value]]));
    else known.set(endpoint, value);
    this.#size += 1;
  }
}
