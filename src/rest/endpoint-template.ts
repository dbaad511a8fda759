import { endpointProblem, joinPath } from "../core/endpoint.ts";
import { encodePath } from "./options.ts";

export type PathValues = Readonly<Record<string, unknown>>;

/** An endpoint that calls are made to: joined to its base, encoded and checked as far as that can be done once. */
export interface EndpointTemplate {
  /** What stands in front of each `{name}`, and behind the last one: encoded, the base in front of the first. */
  readonly pieces: readonly string[];
  /** What is to be filled in; none where the only piece is the path. */
  readonly names: readonly string[];
  /** Whatever a value without dots and slashes is, the filled endpoint has no problem. */
  readonly isSafe: boolean;
}

const nothing: readonly string[] = [];
const placeholder = /\{([^{}]*)\}/g;

/** Of an endpoint; undefined where it cannot be sent, or perhaps only with some values. */
export function templateOf(endpoint: string, basePath: string): EndpointTemplate | undefined {
  if (!endpoint.includes("{")) {
    if (endpointProblem(endpoint) !== undefined) return undefined;
    return { pieces: [joinPath(basePath, encodePath(endpoint))], names: nothing, isSafe: true };
  }
  // An odd one is a name.
  const parts = endpoint.split(placeholder);
  const names = parts.filter((_part, index) => index % 2 === 1);
  const fixed = parts.filter((_part, index) => index % 2 === 0);
  if (endpointProblem(fixed.join("x")) !== undefined) return undefined;
  const [first = "", ...others] = fixed;
  const start = first === "" && names.length > 0 ? `${basePath}/` : joinPath(basePath, encodePath(first));
  return { pieces: [start, ...others.map(encodePath)], names, isSafe: names.length === 0 || isSafeBeside(fixed) };
}

/**
 * Whether only a value with a dot or a slash can make a problem of these. A dot beside a value may be half of a dot
 * segment, and a percent sign half of an encoded dot; a colon may end what a value began as the scheme of a URL.
 */
function isSafeBeside(fixed: readonly string[]): boolean {
  const isBelowRoot = fixed[0]?.startsWith("/") === true;
  return fixed.every((part) => !part.includes(".") && !part.includes("%") && (isBelowRoot || !part.includes(":")));
}

// Encoded, they are as good as themselves to many servers.
const risky = /[./\\]/;

/** The path with its values; undefined where one is not as it should be, or the whole must be looked at. */
export function filledPath({ pieces, names, isSafe }: EndpointTemplate, values: PathValues): string | undefined {
  if (!isSafe) return undefined;
  let path = pieces[0] ?? "";
  for (let index = 0; index < names.length; index += 1) {
    const text = textOf(values[names[index] as string]);
    if (text === "" || risky.test(text)) return undefined;
    path += encodeURIComponent(text.toWellFormed()) + (pieces[index + 1] as string);
  }
  for (const name in values) if (!names.includes(name) && Object.hasOwn(values, name)) return undefined;
  return path;
}

/** The endpoint with its values; each is encoded, so none can add a segment. */
export function fillEndpoint(endpoint: string, values: PathValues, report: (problem: string) => void): string {
  const unused = new Set(Object.keys(values));
  const filled = endpoint.replaceAll(placeholder, (_all, name: string) => {
    unused.delete(name);
    const text = textOf(values[name]);
    if (text === "") {
      report(`path.${name} is needed for {${name}}, as a string or number that is not empty`);
    } else if (text === "." || text === "..") {
      // No encoding saves these: servers undo it and then climb.
      report(`path.${name} must not be "." or ".."`);
      return "";
    }
    return encodeURIComponent(text.toWellFormed());
  });
  for (const name of unused) report(`path.${name} is given, but the endpoint has no {${name}}`);
  return filled;
}

/** What stands for a value; empty where it is none. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "bigint" ? String(value) : "";
}
