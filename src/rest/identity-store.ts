import { hash } from "node:crypto";
import type { cacheStores } from "undici";

type Store = Pick<InstanceType<typeof cacheStores.MemoryCacheStore>, "get" | "createWriteStream" | "delete">;
type Key = Parameters<Store["get"]>[0];
type Value = Parameters<Store["createWriteStream"]>[1];
type Found = Exclude<ReturnType<Store["get"]>, Promise<unknown>>;

// Whatever else a request carries may decide what it is answered: a token under any name, a cookie, a tenant. These do
// not, or the answer says so itself (Vary).
const impersonal = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "baggage",
  "cache-control",
  "connection",
  "content-length",
  "content-type",
  "host",
  "idempotency-key",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "pragma",
  "range",
  "traceparent",
  "tracestate",
  "user-agent",
  "x-correlation-id",
  "x-request-id",
]);

const name = "hawser-identity";

/**
 * A store of cached answers that keeps what was answered to one caller from every other. RFC 9111 trusts a private
 * cache to have one user; a service object has as many as its calls carry tokens. So who asked becomes one more header
 * that every answer varies with. Only here: it is neither sent nor shown, and holds a digest.
 */
export class IdentityStore implements Store {
  readonly #inner: Store;

  constructor(inner: Store) {
    this.#inner = inner;
  }

  get(key: Key): Found {
    // The inner store is one in memory, and answers at once.
    const found = this.#inner.get(withIdentity(key)) as Found;
    if (found?.vary === undefined) return found;
    const { [name]: _identity, ...vary } = found.vary;
    // What the answer varies with is sent along when it is validated anew.
    return { ...found, vary };
  }

  createWriteStream(key: Key, value: Value): ReturnType<Store["createWriteStream"]> {
    const own = withIdentity(key);
    return this.#inner.createWriteStream(own, { ...value, vary: { ...value.vary, [name]: own.headers[name] ?? null } });
  }

  /** For everybody: what was changed is changed for all. */
  delete(key: Key): ReturnType<Store["delete"]> {
    return this.#inner.delete(key);
  }
}

function withIdentity(key: Key): Key & { readonly headers: Record<string, string | string[]> } {
  const personal = Object.entries(key.headers ?? {})
    .map(([header, value]) => [header.toLowerCase(), value] as const)
    .filter(([header]) => !impersonal.has(header))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { ...key, headers: { ...key.headers, [name]: hash("sha256", JSON.stringify(personal), "base64url") } };
}
