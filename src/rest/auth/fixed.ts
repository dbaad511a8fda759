import { ServiceConfigurationError } from "../../core/errors.ts";
import { headerProblem } from "../../core/headers.ts";
import type { Secret } from "../../core/secret.ts";
import { fixed, hasControl, secretOf } from "./fixed-credentials.ts";
import type { FixedAuth } from "../../core/auth/provider.ts";

/**
 * HTTP Basic (RFC 7617), in UTF-8.
 *
 * @param user - without a colon, which would end it.
 * @throws ServiceConfigurationError
 */
export function basic(user: string, password: string | Secret): FixedAuth {
  const secret = secretOf("basic", "password", password, { isEmptyAllowed: true });
  const problem =
    typeof user !== "string"
      ? "user must be a string"
      : user.includes(":")
        ? "user must not contain a colon: the password would begin there"
        : // RFC 7617, section 2: neither part may hold control characters.
          hasControl(user) || hasControl(secret)
          ? "user and password must not contain control characters, such as the line end of a file"
          : undefined;
  if (problem !== undefined) throw new ServiceConfigurationError("basic", [problem]);
  const encoded = Buffer.from(`${user}:${secret}`, "utf8").toString("base64");
  return fixed("basic", { headers: { authorization: `Basic ${encoded}` } });
}

/**
 * An API key in a header of its own: `apiKeyHeader("x-api-key", key)`.
 *
 * @throws ServiceConfigurationError
 */
export function apiKeyHeader(name: string, key: string | Secret): FixedAuth {
  const value = secretOf("apiKeyHeader", "key", key);
  const problem = typeof name === "string" ? headerProblem(name, value) : "name must be the name of a header";
  if (problem !== undefined) throw new ServiceConfigurationError("apiKeyHeader", [problem]);
  return fixed("apiKeyHeader", { headers: { [name.toLowerCase()]: value } });
}

/**
 * An API key as a query parameter. It is hidden in our logs, and stands in those of every proxy on the way: use it
 * only where the service takes nothing else.
 *
 * @throws ServiceConfigurationError
 */
export function apiKeyQuery(name: string, key: string | Secret): FixedAuth {
  const value = secretOf("apiKeyQuery", "key", key);
  if (typeof name !== "string" || name === "") {
    throw new ServiceConfigurationError("apiKeyQuery", ["name must be the name of a query parameter"]);
  }
  return fixed("apiKeyQuery", { query: { [name]: value } });
}
