import type { AccessTokens, TokenReport } from "./access-tokens.ts";
import type { Answer } from "./answer.ts";
import type { Call, RestService } from "./rest-server.ts";

/** Whom the endpoint gives tokens to. */
export interface OAuthClient {
  readonly id: string;
  readonly secret: string;
}

const path = "/oauth/token";
const knownScopes = new Set(["payments:read", "payments:write"]);
// RFC 6749, section 5.1.
const uncached = { "cache-control": "no-store" };

/** An OAuth 2.0 token endpoint for the client-credentials grant (RFC 6749, sections 4.4 and 2.3.1), without a socket. */
export function createTokenEndpoint(client: OAuthClient, tokens: AccessTokens): RestService {
  let requests = 0;
  return {
    // Who asks proves itself in its own way, and is refused in the words of OAuth.
    isAllowed: () => true,
    formsAt: path,
    see: () => void (requests += 1),
    routes: [{ method: "POST", path, handle: give }],
    controlPath: "/__tokens",
    report: (): TokenReport => ({
      issued: tokens.issued,
      active: tokens.active,
      expiresIn: tokens.expiresIn,
      requests,
    }),
    clear: () => tokens.revokeAll(),
    configure(settings) {
      const expiresIn = (settings as { readonly expiresIn?: unknown } | undefined)?.expiresIn;
      const isSeconds = typeof expiresIn === "number" && Number.isSafeInteger(expiresIn) && expiresIn >= 0;
      if (expiresIn !== null && !isSeconds) return '"expiresIn" must be a whole number of seconds from 0, or null.';
      tokens.expiresIn = expiresIn;
      return undefined;
    },
  };

  function give(call: Call): Answer {
    const form = call.body instanceof URLSearchParams ? call.body : new URLSearchParams();
    if (!isClient(call.authorization, form)) {
      // Section 5.2: the challenge is for whoever tried the header.
      return refusal(401, "invalid_client", { "www-authenticate": "Basic" });
    }
    if (form.get("grant_type") !== "client_credentials") return refusal(400, "unsupported_grant_type");
    const scope = form.get("scope") ?? "payments:read payments:write";
    if (!scope.split(" ").every((one) => knownScopes.has(one))) return refusal(400, "invalid_scope");
    const { expiresIn } = tokens;
    return {
      status: 200,
      headers: uncached,
      body: {
        access_token: tokens.issue(),
        token_type: "Bearer",
        scope,
        ...(expiresIn === null ? {} : { expires_in: expiresIn }),
      },
    };
  }

  function isClient(authorization: string | undefined, form: URLSearchParams): boolean {
    const [scheme = "", encoded = ""] = (authorization ?? "").split(" ");
    if (scheme.toLowerCase() !== "basic") {
      return form.get("client_id") === client.id && form.get("client_secret") === client.secret;
    }
    const [id = "", secret = ""] = Buffer.from(encoded, "base64").toString().split(":");
    return unform(id) === client.id && unform(secret) === client.secret;
  }
}

/** Section 2.3.1: both parts of the header are form-encoded before they are joined. */
function unform(text: string): string | null {
  return new URLSearchParams(`x=${text}`).get("x");
}

function refusal(status: number, error: string, headers: Record<string, string> = {}): Answer {
  return { status, headers: { ...uncached, ...headers }, body: { error } };
}
