import { AsyncLocalStorage } from "node:async_hooks";

type Fakes = ReadonlyMap<string, unknown>;
interface Scope {
  readonly fakes: Fakes;
  readonly outer: Scope | undefined;
}

/** What stands in for services for a while: in the whole process, or within one asynchronous scope. */
export class Overrides {
  // Of this registry alone: another one in the same process has its own.
  readonly #storage = new AsyncLocalStorage<Scope>();
  /** Oldest first; each is there until its own restore, in whatever order they come. */
  readonly #active = new Set<Fakes>();

  /** The stand-in that holds here: of the innermost scope, else the latest. */
  find(name: string): { readonly fake: unknown } | undefined {
    for (let scope = this.#storage.getStore(); scope !== undefined; scope = scope.outer) {
      if (scope.fakes.has(name)) return { fake: scope.fakes.get(name) };
    }
    const latest = [...this.#active].findLast((fakes) => fakes.has(name));
    return latest === undefined ? undefined : { fake: latest.get(name) };
  }

  /** For the whole process, until what is returned is called. */
  add(fakes: Fakes): () => void {
    // A map of its own: the same one given twice must be restored twice.
    const own = new Map(fakes);
    this.#active.add(own);
    return () => void this.#active.delete(own);
  }

  /** Within `work` and everything that it calls and awaits. */
  async run<T>(fakes: Fakes, work: () => T | PromiseLike<T>): Promise<T> {
    const scope: Scope = { fakes, outer: this.#storage.getStore() };
    // Awaited in the scope: a lazy thenable (fastify's inject) begins its work only when somebody waits for it.
    return this.#storage.run(scope, async () => {
      const result = await work();
      return result;
    });
  }
}
