import { readApiKey } from "../headers.ts";
import type { OptionReader } from "../options.ts";
import type { Secret } from "../secret.ts";
import { credentialsProblem } from "./credentials-problem.ts";
import type { AttemptAuth, AuthProvider, Credentials } from "./provider.ts";

/** The names of what a provider set, in lower case for headers: hidden in logs, and never sent to another origin. */
export interface CredentialNames {
  readonly headers: ReadonlySet<string>;
  readonly query: ReadonlySet<string>;
}

/** What the options say of credentials. */
export interface AuthSettings {
  readonly apiKey: Secret | undefined;
  readonly auth: AuthProvider | undefined;
  /** The names of what goes with every call as a credential, as far as they are known at construction. */
  readonly credentials: CredentialNames | undefined;
}

/**
 * Reads `apiKey` and `auth`, of which a service has one.
 *
 * @param headers - those of the service, names in lower case: none may be set a second time.
 */
export function readAuth(reader: OptionReader, headers: Readonly<Record<string, string>>): AuthSettings {
  const apiKey = readApiKey(reader);
  const auth = readProvider(reader);
  if (apiKey !== undefined && auth !== undefined) {
    reader.problem("apiKey and auth are both given: take one; apiKey is auth: bearer(apiKey)");
  }
  const fixed = apiKey === undefined ? fixedOf(auth) : { headers: { authorization: "" } };
  if (fixed === undefined) return { apiKey, auth, credentials: undefined };
  const credentials = credentialNames(fixed);
  for (const name of auth === undefined ? [] : credentials.headers) {
    if (name in headers) reader.problem(`headers.${name} and auth both set the header ${name}: take one`);
  }
  return { apiKey, auth, credentials };
}

function fixedOf(auth: AuthProvider | undefined): Credentials | undefined {
  return auth !== undefined && "credentials" in auth ? auth.credentials : undefined;
}

/** A provider, or a function that is the `apply` of one. */
function readProvider(reader: OptionReader): AuthProvider | undefined {
  const given = reader.any("auth");
  if (given === undefined) return undefined;
  if (typeof given === "function") return { name: "custom", apply: given as AttemptAuth["apply"] };
  if (isProvider(given)) {
    const problem = "credentials" in given ? credentialsProblem(given.credentials) : undefined;
    if (problem === undefined) return given;
    reader.problem(`auth: ${problem}`);
    return undefined;
  }
  // Not the value, and not its keys: whatever was given here may be a credential.
  reader.problem("auth must be bearer(…), basic(…) or another provider, or a function that gives { headers }");
  return undefined;
}

function isProvider(value: unknown): value is AuthProvider {
  if (typeof value !== "object" || value === null) return false;
  const { name, apply, open, credentials } = value as Record<string, unknown>;
  const hasOne =
    typeof apply === "function" ||
    typeof open === "function" ||
    (typeof credentials === "object" && credentials !== null);
  return typeof name === "string" && hasOne;
}

/** The names of these credentials. */
export function credentialNames({ headers = {}, query = {} }: Credentials): CredentialNames {
  return {
    headers: new Set(Object.keys(headers).map((name) => name.toLowerCase())),
    query: new Set(Object.keys(query)),
  };
}

/** The headers that go with every call; none where the provider has to be asked. */
export function fixedHeadersOf(auth: AuthProvider | undefined): Record<string, string> {
  const given = Object.entries(fixedOf(auth)?.headers ?? {});
  return Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]));
}
