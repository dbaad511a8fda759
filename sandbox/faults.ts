import type { FaultKinds } from "./fault-kinds.ts";
import { type Random, seededRandom } from "./random.ts";

/** What every fault has: its kind, and for those that strike requests, how many and which. */
export interface Fault {
  readonly kind: string;
  /** How many requests it strikes; until cleared if absent. */
  readonly times?: number;
  /** The share of the matching requests that it strikes, 0 to 1. @defaultValue 1 */
  readonly ratio?: number;
  /** Which requests a `ratio` picks: the same seed picks the same ones. @defaultValue 1 */
  readonly seed?: number;
  /** The path and all below it. */
  readonly path?: string;
  readonly method?: string;
  /** How long it stays in force, in milliseconds; until cleared if absent. */
  readonly forMs?: number;
}

/** A fault that was added to a server and has not been cleared. */
export interface ActiveFault<F extends Fault> {
  readonly id: number;
  readonly fault: F;
  /** Aborted when the fault is cleared or its time is over; not when its `times` are used up. */
  readonly over: AbortSignal;
}

/** How a fault is listed; one whose `times` are used up stays in the list, no longer active, until it is cleared. */
export type ListedFault = Fault & { readonly id: number; readonly struck: number; readonly active: boolean };

/** A request as far as a fault looks at it. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
}

interface Entry<F extends Fault> extends ActiveFault<F> {
  readonly random: Random;
  readonly end: AbortController;
  struck: number;
}

/** The faults of one server: decides which of them strike a request and counts. Pure: it holds no timer and no socket. */
export class FaultList<F extends Fault> {
  readonly #kinds: FaultKinds<F>;
  #entries: Entry<F>[] = [];
  #lastId = 0;

  constructor(kinds: FaultKinds<F>) {
    this.#kinds = kinds;
  }

  add(fault: F): ActiveFault<F> {
    const end = new AbortController();
    const random = seededRandom(fault.seed ?? 1);
    const entry: Entry<F> = { id: ++this.#lastId, fault, random, end, over: end.signal, struck: 0 };
    this.#entries.push(entry);
    return entry;
  }

  /**
   * The faults that strike this request, which counts as struck by them. Every `latency` adds up; of the other kinds at
   * most one strikes, the oldest, because a request can end in only one way.
   */
  admit(request: RequestHead): readonly ActiveFault<F>[] {
    const strikes: Entry<F>[] = [];
    let hasEnding = false;
    for (const entry of this.#entries) {
      if (this.#acts(entry) !== "on-request" || !this.#isActive(entry) || !matches(entry.fault, request)) continue;
      const isEnding = entry.fault.kind !== "latency";
      if ((isEnding && hasEnding) || entry.random() >= (entry.fault.ratio ?? 1)) continue;
      hasEnding ||= isEnding;
      entry.struck += 1;
      strikes.push(entry);
    }
    return strikes;
  }

  /** Counts what a fault that does not act on requests has struck: sockets, streams. */
  count(active: ActiveFault<F>, struck: number): void {
    const entry = this.#entries.find(({ id }) => id === active.id);
    if (entry !== undefined) entry.struck += struck;
  }

  /** The faults of a kind that are in force now. */
  inForce<K extends F["kind"]>(kind: K): readonly ActiveFault<Extract<F, { readonly kind: K }>>[] {
    const isOfKind = (entry: Entry<F>): boolean => entry.fault.kind === kind && this.#isActive(entry);
    return this.#entries.filter(isOfKind) as unknown as ActiveFault<Extract<F, { readonly kind: K }>>[];
  }

  /** Ends one fault, whose time is over. */
  end(active: ActiveFault<F>): void {
    this.#entries.find(({ id }) => id === active.id)?.end.abort();
  }

  list(): readonly ListedFault[] {
    return this.#entries.map((entry) => this.#listed(entry));
  }

  listed(active: ActiveFault<F>): ListedFault | undefined {
    return this.list().find(({ id }) => id === active.id);
  }

  /** Ends and forgets all faults. */
  clear(): void {
    const entries = this.#entries;
    this.#entries = [];
    for (const { end } of entries) end.abort();
  }

  #listed(entry: Entry<F>): ListedFault {
    return { id: entry.id, ...entry.fault, struck: entry.struck, active: this.#isActive(entry) };
  }

  #isActive(entry: Entry<F>): boolean {
    if (entry.over.aborted || this.#acts(entry) === "at-once") return false;
    return entry.fault.times === undefined || entry.struck < entry.fault.times;
  }

  #acts(entry: Entry<F>): string {
    return this.#kinds[entry.fault.kind as F["kind"]].acts;
  }
}

/** The sum of the delays among what struck a request, in milliseconds. */
export function latencyOf(strikes: readonly ActiveFault<Fault & { readonly ms?: number }>[]): number {
  return strikes.reduce((sum, { fault }) => sum + (fault.kind === "latency" ? (fault.ms ?? 0) : 0), 0);
}

function matches(fault: Fault, request: RequestHead): boolean {
  if (fault.method !== undefined && fault.method.toUpperCase() !== request.method.toUpperCase()) return false;
  if (fault.path === undefined || fault.path === request.path) return true;
  return request.path.startsWith(fault.path.endsWith("/") ? fault.path : `${fault.path}/`);
}
