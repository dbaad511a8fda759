import type { OptionReader } from "./options.ts";
import type { Secret } from "./secret.ts";

// RFC 9110, section 5.6.2 (token) and 5.5 (field values, without obs-text for what we write ourselves).
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const fieldValue = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/** Why a header cannot be sent, or undefined where it can. The value is never shown: it may be a credential. */
export function headerProblem(name: string, value: unknown): string | undefined {
  if (!token.test(name)) return `header ${JSON.stringify(name)} is not a valid header name`;
  if (typeof value !== "string") return `header ${name} must be a string`;
  if (!fieldValue.test(value)) {
    return `header ${name} must not contain CR, LF, NUL, another control character, or a character above U+00FF`;
  }
  return undefined;
}

/** Reads `apiKey`, which goes as a bearer token. */
export function readApiKey(reader: OptionReader): Secret | undefined {
  const apiKey = reader.secret("apiKey");
  if (apiKey !== undefined && headerProblem("authorization", apiKey.reveal()) !== undefined) {
    // Most often a key that was read from a file with the line end.
    reader.problem("apiKey must not contain CR, LF, another control character, or a character above U+00FF");
  }
  return apiKey;
}
