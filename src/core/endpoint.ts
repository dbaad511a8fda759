import type { OptionReader } from "./options.ts";

/** A base URL in the parts that a request needs. */
export interface BaseUrl {
  /** Scheme, host and port; no slash at the end. */
  readonly origin: string;
  /** The path without a slash at the end; empty for the root. */
  readonly path: string;
}

/**
 * Reads a base URL from the options. It has one of the given schemes (`"https:"`), and neither credentials, query nor
 * fragment: credentials belong into `apiKey` or `headers`, where they are kept out of every log and error.
 */
export function readBaseUrl(reader: OptionReader, name: string, schemes: readonly string[]): BaseUrl {
  const value = reader.any(name);
  const nothing = { origin: "", path: "" };
  const expected = `an absolute URL that starts with ${schemes.map((scheme) => `${scheme}//`).join(" or ")}`;
  if (value === undefined) {
    reader.problem(`${name} is required: ${expected}`);
    return nothing;
  }
  const url = value instanceof URL ? value : typeof value === "string" ? parse(value) : undefined;
  if (url === undefined || !schemes.includes(url.protocol) || url.hostname === "") {
    reader.problem(`${name} must be ${expected}`);
    return nothing;
  }
  if (url.username !== "" || url.password !== "") {
    reader.problem(`${name} must not contain a user name or password: give them as apiKey, or as a header`);
  }
  if (url.search !== "" || url.hash !== "") reader.problem(`${name} must not have a query or a fragment`);
  return { origin: `${url.protocol}//${url.host}`, path: url.pathname.replace(/\/+$/, "") };
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

// Control characters, space and backslash: the first two break the request line (RFC 9112, section 3), and some
// servers take the last for a slash.
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0020\u007f\\]/;
// An encoded slash or backslash ends a segment here too: many servers undo the encoding first, and then climb.
const dotSegment = /(?:^|\/|%2f|%5c)(?:\.|%2e){1,2}(?:\/|%2f|%5c|$)/i;

/**
 * Why an endpoint cannot be joined under a base, or undefined where it can. An endpoint is a path, with a query if
 * need be; it stays below the base, whatever it holds.
 */
export function endpointProblem(endpoint: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(endpoint) || endpoint.startsWith("//")) {
    return "must be a path below the base URL, not a URL of its own: another origin is another service";
  }
  if (forbidden.test(endpoint)) return "must not contain spaces, control characters or backslashes: encode them";
  if (endpoint.includes("#")) return "must not have a fragment: it would not be sent";
  if (dotSegment.test(pathOf(endpoint))) return 'must not contain "." or ".." segments: it could leave the base';
  return undefined;
}

const pathOf = (endpoint: string): string => endpoint.split("?", 1)[0] ?? "";

/** Joins a base path and an endpoint that has no {@link endpointProblem}, with just one slash between them. */
export function joinPath(basePath: string, endpoint: string): string {
  if (endpoint === "") return basePath === "" ? "/" : basePath;
  if (endpoint.startsWith("?")) return `${basePath === "" ? "/" : basePath}${endpoint}`;
  return endpoint.startsWith("/") ? basePath + endpoint : `${basePath}/${endpoint}`;
}
