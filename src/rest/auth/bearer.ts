import { ServiceConfigurationError } from "../../core/errors.ts";
import { headerProblem } from "../../core/headers.ts";
import { Secret } from "../../core/secret.ts";
import { CredentialsError } from "../../core/auth/credentials-error.ts";
import { bearerCredentials, bearerOf } from "./bearer-tokens.ts";
import { fixed, secretOf } from "./fixed-credentials.ts";
import type { AttemptAuth, AuthOwner, AuthProvider, FixedAuth, OwnedAuth } from "../../core/auth/provider.ts";
import { TokenCache } from "./token-cache.ts";
import type { FreshToken } from "./token-decision.ts";

/** What a function gives to `bearer`: a token, or a token with how long it is good for. */
export type BearerToken =
  | string
  | Secret
  | {
      readonly token: string | Secret;
      /** Milliseconds from now, from 0: it is kept, and replaced early. */
      readonly expiresInMs: number;
    };

/** Gives the token of the moment. The signal aborts when its time (10 s) is over, or when the service is closed. */
export type BearerSource = (about: { readonly signal: AbortSignal }) => Promise<BearerToken> | BearerToken;

const limitMs = 10_000;

/**
 * A bearer token (RFC 6750): a fixed one, or a function that gives the one of the moment, from a file or a vault.
 *
 * The function is never asked twice at the same time. A token that it gives without `expiresInMs` serves the calls
 * that wait for it and is then forgotten; with it, it is kept, and replaced early as that of
 * `oauth2ClientCredentials` is. After a 401 the function is asked anew, once for all, and the call made once more.
 *
 * @throws ServiceConfigurationError
 */
export function bearer(token: string | Secret): FixedAuth;
export function bearer(source: BearerSource): OwnedAuth;
export function bearer(given: string | Secret | BearerSource): AuthProvider;
export function bearer(given: string | Secret | BearerSource): AuthProvider {
  if (typeof given === "function") return { name: "bearer", open: (owner) => rotating(given, owner) };
  const token = secretOf("bearer", "token", given);
  const problem = headerProblem("authorization", token);
  // Most often a token that was read from a file with the line end.
  if (problem !== undefined) throw new ServiceConfigurationError("bearer", [problem]);
  return fixed("bearer", bearerCredentials(token));
}

function rotating(source: BearerSource, { clock, logger }: AuthOwner): AttemptAuth {
  const cache = new TokenCache({
    ask: async (signal) => freshToken(await source({ signal })),
    whence: "the function of bearer()",
    clock,
    limitMs,
    onBackgroundFailure: ({ message }) =>
      logger.warn({ reason: message }, "the token could not be refreshed yet; the old one is still good"),
  });
  return bearerOf("bearer", cache);
}

function freshToken(given: BearerToken): FreshToken<string> {
  const isPlain = typeof given === "string" || given instanceof Secret;
  const { token, expiresInMs } = isPlain ? { token: given, expiresInMs: 0 } : (given ?? {});
  const value = token instanceof Secret ? token.reveal() : token;
  if (typeof value !== "string" || value === "" || headerProblem("authorization", value) !== undefined) {
    throw new CredentialsError("the function of bearer() gave no token that can be sent", { kind: "permanent" });
  }
  if (typeof expiresInMs !== "number" || !(expiresInMs >= 0)) {
    throw new CredentialsError("the function of bearer() gave no valid expiresInMs", { kind: "permanent" });
  }
  return { value, lifetimeMs: expiresInMs };
}
