import type { Environment } from "../core/environment.ts";
import type { Logger } from "../core/logger.ts";
import { allVariablesOf, prefixOf } from "./build.ts";
import type { Definitions } from "./build-members.ts";

/**
 * Not an error: the environment is shared with others, who may have variables that begin alike.
 *
 * @param warned - those that were warned of before; taken note of here.
 */
export function warnOfMisspelt(definitions: Definitions, env: Environment, logger: Logger, warned: Set<string>): void {
  const known = [...definitions].map(([service, definition]) => {
    return {
      service,
      prefix: prefixOf(service, definition),
      // Made anew for each variable that begins like them: all those of a thousand services are a lot to hold.
      get variables() {
        return allVariablesOf(service, definition);
      },
    };
  });
  for (const { service, variable, nearest } of misspeltVariables(known, env)) {
    if (warned.has(variable)) continue;
    warned.add(variable);
    logger.warn({ service, variable, nearest }, "nobody reads this variable: was another one meant?");
  }
}

/** The variables of one service. */
export interface KnownVariables {
  readonly service: string;
  /** What they begin with. */
  readonly prefix: string;
  readonly variables: readonly string[];
}

/** A variable that nobody reads, and looks like one that is read. */
export interface Misspelt {
  readonly service: string;
  readonly variable: string;
  readonly nearest: string;
}

/**
 * Variables that begin like those of a service, are read by none, and are so near to one that is read that they were
 * meant to be it. Others of the same prefix may well be meant for somebody else: the environment is shared.
 */
export function misspeltVariables(services: readonly KnownVariables[], env: Environment): Misspelt[] {
  const readers = new Map<string, KnownVariables[]>();
  const byPrefix = new Map<string, KnownVariables>();
  for (const service of services) {
    const { prefix } = service;
    const others = readers.get(prefix);
    if (others === undefined) readers.set(prefix, [service]);
    else others.push(service);
    const upper = prefix.toUpperCase();
    if (!byPrefix.has(upper)) byPrefix.set(upper, service);
  }
  const found: Misspelt[] = [];
  for (const variable of Object.keys(env)) {
    if ((env[variable] ?? "") === "" || isRead(variable, readers)) continue;
    const name = variable.toUpperCase();
    const [owner] = ownersOf(name, byPrefix);
    const nearest = owner && nearestTo(name, owner);
    if (owner !== undefined && nearest !== undefined) found.push({ service: owner.service, variable, nearest });
  }
  return found;
}

/** Every variable is a prefix, and what begins with an underscore: those of the services with such a prefix will do. */
function isRead(variable: string, readers: ReadonlyMap<string, readonly KnownVariables[]>): boolean {
  return ownersOf(variable, readers).some((those) => those.some(({ variables }) => variables.includes(variable)));
}

/** Those whose prefix it begins with, the longest first: PAYMENT_GATEWAY_TIMOUT is none of a service `payment`. */
function ownersOf<T>(name: string, byPrefix: ReadonlyMap<string, T>): T[] {
  const owners: T[] = [];
  for (let end = name.lastIndexOf("_"); end > 0; end = name.lastIndexOf("_", end - 1)) {
    const owner = byPrefix.get(name.slice(0, end));
    if (owner !== undefined) owners.push(owner);
  }
  return owners;
}

function nearestTo(name: string, { prefix, variables }: KnownVariables): string | undefined {
  const plain = (variable: string): string => variable.slice(prefix.length).toUpperCase().replaceAll("_", "");
  const meant = plain(name);
  let best: { readonly variable: string; readonly edits: number } | undefined;
  for (const variable of variables) {
    const text = plain(variable);
    const edits = editsBetween(meant, text);
    // A third of the letters, but never all but a few of a short name.
    if (edits > Math.max(1, Math.floor(text.length / 3)) || edits >= (best?.edits ?? Number.POSITIVE_INFINITY))
      continue;
    best = { variable, edits };
  }
  return best?.variable;
}

/** How many letters must be put in, left out, changed, or swapped with their neighbour. */
function editsBetween(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (isSame ? 0 : 1),
        isSwap ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY;
