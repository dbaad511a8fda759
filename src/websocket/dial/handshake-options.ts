import type { AuthProvider } from "../../core/auth/provider.ts";
import { readAuth } from "../../core/auth/read-auth.ts";
import { headerProblem } from "../../core/headers.ts";
import type { OptionReader } from "../../core/options.ts";
import type { Secret } from "../../core/secret.ts";
import type { PerAttempt } from "./per-attempt.ts";

/** What goes with the upgrade request. */
export interface HandshakeSettings {
  readonly apiKey: Secret | undefined;
  readonly auth: AuthProvider | undefined;
  readonly headers: PerAttempt<Readonly<Record<string, string>>>;
  readonly protocols: PerAttempt<readonly string[]>;
}

// Kept once, and not in each of thousands of streams.
const noHeaders: Readonly<Record<string, string>> = {};
const noProtocols: readonly string[] = [];

/** Reads `apiKey`, `auth`, `headers` and `protocols`. */
export function readHandshake(reader: OptionReader): HandshakeSettings {
  return { ...readCredentials(reader), protocols: readProtocols(reader) };
}

function readCredentials(reader: OptionReader): Omit<HandshakeSettings, "protocols"> {
  const headers = reader.any("headers") ?? noHeaders;
  const isComputed = typeof headers === "function";
  const problems = isComputed ? [] : headerProblems(headers);
  for (const problem of problems) reader.problem(problem);
  const given = isComputed || typeof headers !== "object" ? noHeaders : (headers as Record<string, string>);
  const names = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  const { apiKey, auth } = readAuth(reader, names);
  if (apiKey !== undefined && "authorization" in names) {
    reader.problem("apiKey and the header authorization say the same thing: give one of them");
  }
  if (headers === noHeaders) return { apiKey, auth, headers: noHeaders };
  // A copy, as of the subprotocols: what somebody does to their own later has been checked by nobody.
  return { apiKey, auth, headers: isComputed ? (headers as never) : { ...given } };
}

// They belong to the handshake itself (RFC 6455, section 4.1).
const reserved = /^(?:sec-websocket-.*|connection|upgrade|content-length|transfer-encoding)$/i;

/** What is wrong with the headers, given or from a provider. */
export function headerProblems(headers: unknown): string[] {
  if (typeof headers !== "object" || headers === null || Symbol.iterator in headers) {
    return ["headers must be an object of names and string values, or a function that makes one"];
  }
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const problem = headerProblem(name, value);
    if (problem !== undefined) return [problem];
    return reserved.test(name) ? [`header ${name} belongs to the WebSocket handshake and cannot be set`] : [];
  });
}

function readProtocols(reader: OptionReader): HandshakeSettings["protocols"] {
  const protocols = reader.any("protocols");
  if (protocols === undefined) return noProtocols;
  if (typeof protocols === "function") return protocols as never;
  const problems = protocolProblems(protocols);
  for (const problem of problems) reader.problem(problem);
  return problems.length > 0 ? [] : [...(protocols as readonly string[])];
}

/** What is wrong with the subprotocols, given or from a provider: RFC 6455, section 4.1, point 10. */
export function protocolProblems(protocols: unknown): string[] {
  if (!Array.isArray(protocols)) return ["protocols must be an array of strings, or a function that makes one"];
  const isSound = protocols.every((one) => typeof one === "string" && headerProblem(one, "") === undefined);
  if (!isSound) return ["each of protocols must be a name without spaces, commas or other separators"];
  return new Set(protocols).size === protocols.length ? [] : ["protocols must not name one twice"];
}
