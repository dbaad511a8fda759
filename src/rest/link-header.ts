/** One link of a `Link` header (RFC 8288). */
export interface Link {
  /** As it stands in the header: a URL, or a reference to be resolved against that of the answer. */
  readonly target: string;
  /** Relation types, in lower case. */
  readonly rels: readonly string[];
  /** The other parameters, names in lower case; of a repeated one the first. */
  readonly params: ReadonlyMap<string, string>;
}

const spaces = /[ \t]*/y;
const name = /[^\s=;,<>"]+/y;
const token = /[^\s;,"<>]*/y;
const quoted = /"((?:[^"\\]|\\.)*)"/y;

/**
 * Parses a `Link` header as RFC 8288, appendix B.2, does: what is malformed ends the parsing, and what came before it
 * holds. Links about another resource (`anchor`) are left out, as section 3.2 allows.
 */
export function parseLinks(value: string | readonly string[] | undefined): Link[] {
  if (value === undefined) return [];
  const text = typeof value === "string" ? value : value.join(", ");
  const links: Link[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found === null) return undefined;
    at += found[0].length;
    return found;
  };
  const skip = (character: string): boolean => {
    take(spaces);
    if (text[at] !== character) return false;
    at += 1;
    take(spaces);
    return true;
  };
  for (;;) {
    // Empty elements are allowed in any list (RFC 9110, section 5.6.1).
    while (skip(","));
    if (!skip("<")) return links;
    const end = text.indexOf(">", at);
    if (end === -1) return links;
    const target = text.slice(at, end).trim();
    at = end + 1;
    const params = new Map<string, string>();
    while (skip(";")) {
      const key = take(name)?.[0].toLowerCase();
      if (key === undefined) continue;
      const given = skip("=") ? valueAt(take) : "";
      if (!params.has(key)) params.set(key, given);
    }
    const rels = (params.get("rel") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    params.delete("rel");
    if (!params.has("anchor")) links.push({ target, rels, params });
    if (!skip(",")) return links;
  }
}

function valueAt(take: (pattern: RegExp) => RegExpExecArray | undefined): string {
  const inQuotes = take(quoted)?.[1];
  return inQuotes === undefined ? (take(token)?.[0] ?? "") : inQuotes.replaceAll(/\\(.)/g, "$1");
}

/** The target of the first link with this relation type. */
export function linkTarget(value: string | readonly string[] | undefined, rel: string): string | undefined {
  return parseLinks(value).find(({ rels }) => rels.includes(rel))?.target;
}
