import { ServiceConfigurationError } from "../core/errors.ts";

/** A path with `{names}`, each of which stands for one segment or a part of one. */
export class PathTemplate {
  readonly text: string;
  readonly #pattern: RegExp;
  readonly #names: readonly string[];

  /**
   * @param where - it was given, for the error.
   * @param given - the path, with `{names}`.
   * @param base - stands before it.
   * @throws ServiceConfigurationError for what is no path.
   */
  constructor(where: string, given: string, base = "") {
    const problem = pathProblem(given);
    if (problem !== undefined) throw new ServiceConfigurationError(where, [`path ${problem}`]);
    const text = base + given;
    this.text = text;
    const names: string[] = [];
    const pattern = text
      .split(/(\{[^{}]*\})/)
      .map((part) => {
        if (!part.startsWith("{")) return comparable(part).replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
        names.push(part.slice(1, -1));
        return "([^/]+)";
      })
      .join("");
    this.#names = names;
    this.#pattern = new RegExp(`^${pattern}$`);
  }

  /** The values of the names, decoded; undefined where the path is another one. */
  match(path: string): Record<string, string> | undefined {
    const found = this.#pattern.exec(comparable(path));
    if (found === null) return undefined;
    return Object.fromEntries(this.#names.map((name, index) => [name, decoded(found[index + 1] ?? "")]));
  }
}

function pathProblem(text: unknown): string | undefined {
  if (typeof text !== "string" || !text.startsWith("/")) {
    return 'must start with a slash: "/users/{id}"; the origin is an option of its own';
  }
  if (text.includes("?")) return "must have no query: give it as { query: { … } }";
  if (text.includes("#")) return "must have no fragment: it is never sent";
  const names = [...text.matchAll(/\{([^{}]*)\}/g)].map(([, name = ""]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `has {${twice}} twice`;
  if (names.includes("")) return "has a {} without a name";
  if (/[{}]/.test(text.replaceAll(/\{[^{}]+\}/g, ""))) return "has a brace that is not closed";
  return undefined;
}

/** Encoded in one way: `%7E` and `~` are the same path, `%2F` and `/` are not. */
function comparable(path: string): string {
  return path.replaceAll(/(?:%[0-9a-f]{2})+|[^\w./~-]/gi, (part) => {
    const plain = part.startsWith("%") ? decoded(part) : part;
    return encodeURIComponent(plain);
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
