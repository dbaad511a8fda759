import type { Failure } from "../resilience/outcome.ts";
import { type AnswerHeaders, headerOf } from "./answer.ts";

type Headers = Readonly<Record<string, string>>;

/** One request of an attempt: the first, or one that a redirect led to. */
export interface Hop {
  readonly origin: string;
  /** With the query. */
  readonly path: string;
  readonly method: string;
  readonly headers: Headers;
  /** A redirect may take the body away. */
  readonly hasBody: boolean;
  /** An earlier hop was another method, and may have taken effect whatever becomes of this one. */
  readonly isRewritten: boolean;
  /** Every hop before this one and this one itself, as method and URL; never shown. */
  readonly visited: readonly string[];
}

/** What decides about a redirect, besides the answer. */
export interface RedirectRules {
  /** 0 for none. */
  readonly maxRedirects: number;
  /** Whether the body can be sent again. */
  readonly isReplayable: boolean;
  /** Every connection leads to the one place (a unix socket): another origin cannot be reached. */
  readonly isBoundToOrigin: boolean;
  /** Names of query parameters that are credentials, not encoded. */
  readonly queryCredentials: ReadonlySet<string> | undefined;
  /** The credentials are a signature of this one request. */
  readonly isSigned: boolean;
}

export type RedirectDecision =
  /** Go on there. */
  | { readonly kind: "follow"; readonly hop: Hop }
  /** It is a redirect, and is not followed: why, fit for a message. */
  | { readonly kind: "refuse"; readonly problem: string };

// 300 offers a choice, 304 is none, 305 and 306 are gone.
const redirects = new Set([301, 302, 303, 307, 308]);

// What goes along to another origin. A list of what is safe, not of what is secret: a key travels under any name
// (X-Api-Key, X-Amz-Security-Token, a signature of one's own), and so does what tells one tenant from another.
const harmless = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "content-length",
  "content-type",
  "user-agent",
]);

// The fetch standard's "request-body-header name", and what frames the body on the wire.
const ofBody = ["content-encoding", "content-language", "content-length", "content-location", "content-type"];

/**
 * What to do about an answer that may be a redirect; undefined where it is none, or where redirects are off.
 *
 * Methods and bodies change as in the fetch standard (HTTP-redirect fetch): 303 becomes GET, and so does a POST after
 * 301 or 302, both without a body; 307 and 308 repeat the request as it was. No message has more of a URL than its
 * origin: path and query of a redirect often carry a token.
 */
export function decideRedirect(
  from: Hop,
  answer: { readonly status: number; readonly headers: AnswerHeaders },
  rules: RedirectRules,
): RedirectDecision | undefined {
  const { status, headers } = answer;
  const { location } = headers;
  if (rules.maxRedirects === 0 || !redirects.has(status) || location === undefined) return undefined;
  const refuse = (problem: string): RedirectDecision => ({
    kind: "refuse",
    problem: `the service answered ${status}, a redirect that is not followed: ${problem}`,
  });
  const base = from.origin + from.path;
  const where = headerOf(headers, "location") ?? "";
  if (typeof location !== "string" && location.some((other) => other !== where)) {
    return refuse("it names several places");
  }
  if (!URL.canParse(where, base)) return refuse("its location is not a valid URL");
  const to = new URL(where, base);
  if (to.protocol !== "https:" && to.protocol !== "http:") return refuse("it leads away from HTTP");
  if (to.protocol === "http:" && from.origin.startsWith("https:")) {
    return refuse(`it leads from https to ${to.origin}, where anybody could read along`);
  }
  if (to.username !== "" || to.password !== "") return refuse(`its location, at ${to.origin}, holds credentials`);
  const isSameOrigin = to.origin === from.origin;
  if (!isSameOrigin && rules.isBoundToOrigin) {
    return refuse(`it leads to ${to.origin}, and every connection leads to socketPath`);
  }

  if (isSameOrigin && rules.isSigned) return refuse("its credentials are a signature, and hold for one address alone");
  if (rules.queryCredentials !== undefined) carryCredentials(from.path, to, isSameOrigin, rules.queryCredentials);
  const becomesGet = status === 303 ? !isRead(from.method) : status < 303 && from.method === "POST";
  const method = becomesGet ? "GET" : from.method;
  const hasBody = from.hasBody && !becomesGet;
  const key = `${method} ${to.origin}${to.pathname}${to.search}`;
  if (from.visited.includes(key)) return refuse(`it leads back to where it came from, at ${to.origin}: a loop`);
  if (from.visited.length > rules.maxRedirects) {
    return refuse(`it is one more than maxRedirects (${rules.maxRedirects}), and leads to ${to.origin}`);
  }
  if (hasBody && !rules.isReplayable) {
    return refuse(
      `the body would have to be sent again, to ${to.origin}, and was a stream that can be read once: give a function`,
    );
  }
  return {
    kind: "follow",
    hop: {
      origin: to.origin,
      path: to.pathname + to.search,
      method,
      headers: headersFor(from.headers, isSameOrigin, hasBody || !becomesGet),
      hasBody,
      isRewritten: from.isRewritten || becomesGet,
      visited: [...from.visited, key],
    },
  };
}

/** Whether the call may have taken effect whatever becomes of this hop: a redirect said that it is done. */
export function hasTakenEffect(hop: Hop, isRepeatable: boolean): boolean {
  return hop.isRewritten && !isRepeatable;
}

/** What a failure beyond a redirect says about the call as a whole, which a further attempt would begin anew. */
export function failureAfter(hop: Hop, isRepeatable: boolean, failure: Failure): Failure {
  if (failure.outcome === "accepted") return failure;
  if (hasTakenEffect(hop, isRepeatable)) return { ...failure, outcome: "unknown", isTransient: false };
  // Something was sent, and whoever got it only said to go elsewhere.
  return failure.outcome === "not-sent" ? { ...failure, outcome: "rejected" } : failure;
}

/** The request itself, as what a first redirect starts from. */
export function firstHop(
  origin: string,
  request: {
    readonly path: string;
    readonly method: string;
    readonly headers: Headers;
    readonly body: { readonly contentType: string | undefined };
  },
): Hop {
  const { method, path, headers, body } = request;
  const url = new URL(path, origin);
  return {
    origin,
    path,
    method,
    headers,
    hasBody: body.contentType !== undefined,
    isRewritten: false,
    visited: [`${method} ${url.origin}${url.pathname}${url.search}`],
  };
}

/** Credentials in the query go along within the origin, though the redirect does not repeat them, and never beyond. */
function carryCredentials(fromPath: string, to: URL, isSameOrigin: boolean, names: ReadonlySet<string>): void {
  const isCredential = (pair: string): boolean => names.has(decoded(pair.split("=", 1)[0] ?? ""));
  const pairs = pairsOf(to.search);
  const kept = isSameOrigin && pairs.some(isCredential) ? pairs : pairs.filter((pair) => !isCredential(pair));
  const carried =
    isSameOrigin && kept.every((pair) => !isCredential(pair)) ? pairsOf(fromPath).filter(isCredential) : [];
  // The pairs as they stand, for URLSearchParams would encode all others anew.
  to.search = [...kept, ...carried].join("&");
}

function pairsOf(path: string): readonly string[] {
  const start = path.indexOf("?");
  return start === -1 || start === path.length - 1 ? [] : path.slice(start + 1).split("&");
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}

const isRead = (method: string): boolean => method === "GET" || method === "HEAD";

function headersFor(headers: Headers, isSameOrigin: boolean, keepsBody: boolean): Headers {
  if (isSameOrigin && keepsBody) return headers;
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if ((isSameOrigin || harmless.has(lower)) && (keepsBody || !ofBody.includes(lower))) kept[name] = value;
  }
  return kept;
}
