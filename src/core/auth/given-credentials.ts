import { CredentialsError } from "./credentials-error.ts";
import { credentialsProblem } from "./credentials-problem.ts";
import type { Credentials } from "./provider.ts";

/**
 * What a provider gave, whole and checked.
 *
 * @param whence - who gave it, for errors: "the auth provider bearer".
 * @throws CredentialsError that shows no value.
 */
export function checkedCredentials(given: unknown, whence: string): Credentials {
  const wrong = (what: string): CredentialsError => new CredentialsError(`${whence} ${what}`, { kind: "permanent" });
  if (typeof given !== "object" || given === null) throw wrong("gave nothing: it must give { headers } or { query }");
  const problem = credentialsProblem(given);
  if (problem !== undefined) throw wrong(`gave what cannot be sent: ${problem}`);
  const { headers = {}, query = {}, isSignature = false } = given as Credentials;
  return { headers, query, isSignature };
}

/** A path with these parameters behind its own, encoded; one that the path has already stays as it is. */
export function withQuery(path: string, query: Credentials["query"] = {}): string {
  const start = path.indexOf("?");
  const present = start === -1 ? [] : path.slice(start + 1).split("&");
  const hasParameter = new Set(present.map((pair) => pair.split("=", 1)[0]));
  const added = Object.entries(query).flatMap(([name, value]) => {
    const encoded = encodeURIComponent(name);
    return hasParameter.has(encoded) ? [] : [`${encoded}=${encodeURIComponent(value.toWellFormed())}`];
  });
  if (added.length === 0) return path;
  return `${path}${start === -1 ? "?" : "&"}${added.join("&")}`;
}
