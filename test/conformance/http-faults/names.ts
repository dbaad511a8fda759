import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";

type Lookup = typeof dns.lookup;
type Callback = (error: NodeJS.ErrnoException | null, address?: string | dns.LookupAddress[], family?: number) => void;

/** What a name means: no answer ever, no such name, or this machine. */
export type Meaning = "stalled" | "missing" | "here";

interface Name {
  meaning: Meaning;
  readonly onAsked: () => void;
}

const names = new Map<string, Name>();
let original: Lookup | undefined;

/**
 * Gives a host name its meaning for every client of this process alike: all of them ask `dns.lookup`, unless told
 * otherwise. Names that nobody defined are resolved as ever.
 */
export function defineName(
  host: string,
  meaning: Meaning,
  onAsked: () => void,
): { mean(meaning: Meaning): void; remove(): void } {
  const name: Name = { meaning, onAsked };
  names.set(host, name);
  if (original === undefined) {
    original = dns.lookup;
    replaceLookup(lookup as Lookup);
  }
  return {
    mean: (next) => {
      name.meaning = next;
    },
    remove: () => {
      names.delete(host);
      if (names.size > 0 || original === undefined) return;
      replaceLookup(original);
      original = undefined;
    },
  };
}

function replaceLookup(next: Lookup): void {
  Object.assign(dns, { lookup: next });
  syncBuiltinESMExports();
}

function lookup(host: string, options: dns.LookupOptions, callback: Callback): void {
  const name = names.get(host);
  if (name === undefined) {
    original?.(host, options, callback);
    return;
  }
  name.onAsked();
  process.nextTick(() => answerLookup(host, name.meaning, options.all === true, callback));
}

function answerLookup(host: string, meaning: Meaning, isAll: boolean, callback: Callback): void {
  switch (meaning) {
    case "stalled":
      return;
    case "missing":
      callback(
        Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND", syscall: "getaddrinfo" }),
      );
      return;
    case "here":
      if (isAll) callback(null, [{ address: "127.0.0.1", family: 4 }]);
      else callback(null, "127.0.0.1", 4);
  }
}
