/** Stands where a credential stood. */
export const redacted = "[redacted]";

// Names that carry credentials wherever they occur. The list is for logs alone; nothing is decided by it.
const secretHeaders = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "x-auth-token",
  "x-csrf-token",
]);
const secretWord =
  /^(?:.*[-_.[])?(?:key|api_?key|token|secret|password|passwd|pwd|auth|authorization|signature|sig|code|credential|session|(?:j|php)?sess(?:ion)?[-_]?id|sid|jwt|assertion)(?:[-_]\d+)?\]*$/i;

type HeaderValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A copy fit for a log: the values of headers that carry credentials are hidden, and so are those in `alsoSecret`. */
export function redactHeaders(headers: HeaderValues, alsoSecret?: ReadonlySet<string>): HeaderValues {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const key = name.toLowerCase();
      const isSecret = (alsoSecret?.has(key) ?? false) || isSecretHeader(name);
      return [name, isSecret ? redacted : value];
    }),
  );
}

/** Whether the header with this name carries credentials. */
export function isSecretHeader(name: string): boolean {
  return secretHeaders.has(name.toLowerCase()) || isSecretName(name);
}

/** The path of a request with the values of query parameters hidden that carry credentials, or are in `alsoSecret`. */
export function redactPath(path: string, alsoSecret?: ReadonlySet<string>): string {
  const start = path.indexOf("?");
  if (start === -1) return path;
  const query = path
    .slice(start + 1)
    .split("&")
    .map((pair) => {
      const [name = ""] = pair.split("=", 1);
      const plain = decoded(name);
      return (alsoSecret?.has(plain) ?? false) || isSecretName(plain) ? `${name}=${redacted}` : pair;
    });
  return `${path.slice(0, start)}?${query.join("&")}`;
}

// Of a body, only what is a credential beyond doubt: a `code` or a `page_token` there is part of what is said.
const secretField =
  /^(?:.*_)?(?:token|token_secret|pass(?:word|wd|phrase|code)|pwd|secret|authorization|jwt|credentials?|otp|(?:j|php)?sess(?:ion)?_?id|assertion|code_verifier|device_code)$|^(?:.*_)?(?:access|account|api|auth|encryption|master|private|secret|shared|signing|subscription)_?key$|(?:access|api|auth|bearer|csrf|id|refresh|session|xsrf)token$/i;
const placeToken = /(?:^|_)(?:change|continuation|cursor|next|page|prev|previous|resume|skip|start|sync)_token$/i;

/** Whether the field of a body with this name holds a credential. */
export function isSecretField(name: string): boolean {
  const words = wordsOf(name).replaceAll("-", "_");
  return secretField.test(words) && !placeToken.test(words);
}

/** A copy of a value, as JSON has them, with the fields hidden that hold credentials. */
export function redactValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redactValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, isSecretField(name) ? redacted : redactValue(one)]),
  );
}

/**
 * Whether what has this name is a credential. The last word decides, however the words are joined: `access_token`,
 * `accessToken`, `user[token]`.
 */
export function isSecretName(name: string): boolean {
  return secretWord.test(wordsOf(name));
}

/** `accessToken` and `AWSSecretKey` with their words apart. */
function wordsOf(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, "_");
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
