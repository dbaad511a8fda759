import { AsyncLocalStorage } from "node:async_hooks";
import { FakeLayers, type Stand } from "./fake-layers.ts";

type Fakes = ReadonlyMap<string, unknown>;

/** An asynchronous scope: stand-ins that hold within it, or the instances that another owner has. */
type Frame<Owner> = { readonly owner: Owner; readonly outer: Frame<Owner> | undefined } & (
  | { readonly fakes: Stand }
  | { readonly entered: true }
);

/**
 * What stands in for services for a while: in the whole process, or within one asynchronous scope. Shared by a registry
 * and all scopes of it, each an owner of its own.
 */
export class Overrides<Owner extends object> {
  // Of these registries alone: another one in the same process has its own.
  readonly #storage = new AsyncLocalStorage<Frame<Owner>>();
  /** Oldest first; each is there until its own restore, in whatever order they come. */
  readonly #active = new Set<{ readonly owner: Owner; readonly fakes: Stand }>();

  /** The stand-in that holds here, of any of these owners: of the innermost scope, else the latest. */
  find(name: string, owners: readonly Owner[]): { readonly fake: unknown } | undefined {
    const holds = ({ owner, fakes }: { readonly owner: Owner; readonly fakes: Stand }): boolean =>
      fakes.has(name) && owners.includes(owner);
    // Every service that is asked for passes here, and nearly always there is no stand-in at all.
    for (let frame = this.#storage.getStore(); frame !== undefined; frame = frame.outer)
      if ("fakes" in frame && holds(frame)) return { fake: frame.fakes.get(name) };
    if (this.#active.size === 0) return undefined;
    const latest = [...this.#active].findLast(holds);
    return latest === undefined ? undefined : { fake: latest.fakes.get(name) };
  }

  /** The owner whose scope is the innermost that was entered, of those that are asked for. */
  entered(isAsked: (owner: Owner) => boolean): Owner | undefined {
    for (let frame = this.#storage.getStore(); frame !== undefined; frame = frame.outer)
      if ("entered" in frame && isAsked(frame.owner)) return frame.owner;
    return undefined;
  }

  /** For the whole process, until what is returned is called. */
  add(owner: Owner, fakes: Fakes): () => void {
    // An entry of its own: the same map given twice must be restored twice.
    const entry = { owner, fakes: new Map(fakes) };
    this.#active.add(entry);
    return () => void this.#active.delete(entry);
  }

  /** Within `work` and everything that it calls and awaits; what it is given takes more of them, for as long. */
  async run<T>(owner: Owner, fakes: Fakes, work: (layers: FakeLayers) => T | PromiseLike<T>): Promise<T> {
    const layers = new FakeLayers(fakes);
    // Awaited in the scope: a lazy thenable (fastify's inject) begins its work only when somebody waits for it.
    return this.#storage.run({ owner, fakes: layers, outer: this.#storage.getStore() }, async () => {
      const result = await work(layers);
      return result;
    });
  }

  /** The same for the instances of an owner; what is not awaited is returned as it is. */
  enter<T>(owner: Owner, work: () => T): T {
    const settled = (): T => {
      const result = work();
      return isThenable(result) ? (Promise.resolve(result) as T) : result;
    };
    // Not once more: a job that begins itself anew from within would come to stand in ever more of them.
    if (this.entered(() => true) === owner) return settled();
    return this.#storage.run({ owner, entered: true, outer: this.#storage.getStore() }, settled);
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
