import { isExternalServiceError } from "../../core/errors.ts";
import { CredentialsError, credentialsErrorOf } from "../../core/auth/credentials-error.ts";

/** Who gives the tokens, in errors. */
export const whence = "the token endpoint";

export const permanent = { kind: "permanent" } as const;

// RFC 6749, section 5.2, with what to do about each. An answer's own words stay out of errors: it may echo what it was
// sent.
const remedies: Readonly<Record<string, string>> = {
  invalid_request: "check parameters",
  invalid_client: "check clientId, clientSecret and clientAuthentication",
  invalid_grant: "check parameters",
  unauthorized_client: "the client has to be allowed the grant client_credentials there",
  unsupported_grant_type: "it does not know the grant client_credentials",
  invalid_scope: "check scope",
  temporarily_unavailable: "",
  server_error: "",
};

/** What it means for a call that a request for a token failed with this, or that its answer could not be used. */
export function tokenError(error: unknown): CredentialsError {
  if (isExternalServiceError(error) || error instanceof CredentialsError) {
    const { body, status } = error as { body?: unknown; status?: unknown };
    return credentialsErrorOf(error, whence, said(body, status));
  }
  // Without the cause: the library's error holds the answer, and with it perhaps a token.
  const { code, message } = error as { code?: unknown; message?: unknown };
  const [, field] = fieldInMessage.exec(String(message)) ?? [];
  const why = typeof code === "string" ? ` (${code})` : "";
  const where =
    code === "OAUTH_RESPONSE_IS_NOT_JSON"
      ? ": is that its address (tokenUrl)?"
      : field === undefined
        ? ""
        : `: its ${field} is missing or wrong`;
  return new CredentialsError(`${whence} answered with something that is no token${why}${where}`, permanent);
}

const fieldInMessage = /"(access_token|token_type|expires_in|scope|refresh_token|id_token)" property/;

function said(body: unknown, status: unknown): string {
  const { error } = (body ?? {}) as { error?: unknown };
  const remedy = typeof error === "string" && Object.hasOwn(remedies, error) ? remedies[error] : undefined;
  if (remedy !== undefined) return ` (${String(error)})${remedy === "" ? "" : `: ${remedy}`}`;
  if (typeof status !== "number") return "";
  if (status < 400) return ", a redirect, which is not followed: give its goal as tokenUrl";
  if (status === 401) return `: ${remedies["invalid_client"]}`;
  return status === 404 || status === 405 ? ": check tokenUrl" : "";
}
