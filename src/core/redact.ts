const shown = "[redacted]";

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
  /^(?:.*[-_.[])?(?:key|api_?key|token|secret|password|passwd|pwd|auth|authorization|signature|sig|code|credential|session|jwt)\]*$/i;

type HeaderValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A copy fit for a log: the values of headers that carry credentials are hidden, and so are those in `alsoSecret`. */
export function redactHeaders(headers: HeaderValues, alsoSecret?: ReadonlySet<string>): HeaderValues {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const key = name.toLowerCase();
      const isSecret = secretHeaders.has(key) || (alsoSecret?.has(key) ?? false) || isSecretName(name);
      return [name, isSecret ? shown : value];
    }),
  );
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
      return (alsoSecret?.has(plain) ?? false) || isSecretName(plain) ? `${name}=${shown}` : pair;
    });
  return `${path.slice(0, start)}?${query.join("&")}`;
}

/**
 * Whether what has this name is a credential. The last word decides, however the words are joined: `access_token`,
 * `accessToken`, `user[token]`.
 */
export function isSecretName(name: string): boolean {
  return secretWord.test(name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2"));
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
