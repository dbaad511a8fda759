import type { AttemptAuth, Credentials } from "../../core/auth/provider.ts";
import type { TokenCache } from "./token-cache.ts";

/** The provider that sends the tokens of a cache. */
export function bearerOf(name: string, cache: TokenCache<string>, close?: () => Promise<void>): AttemptAuth {
  return {
    name,
    apply() {
      const token = cache.get();
      return typeof token === "string" ? bearerCredentials(token) : token.then(bearerCredentials);
    },
    renew: (refused) => cache.renew((refused.headers?.["authorization"] ?? "").slice(scheme.length)),
    async close() {
      cache.close();
      await close?.();
    },
  };
}

const scheme = "Bearer ";

/** A token as it is sent (RFC 6750, section 2.1). */
export function bearerCredentials(token: string): Credentials {
  return { headers: { authorization: scheme + token } };
}
