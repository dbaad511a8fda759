import { isSecretName } from "../core/redact.ts";
import { Secret } from "../core/secret.ts";
import { SettingSchema } from "./setting-schemas.ts";

/** A setting as it may be shown. */
export type Shown = string | number | boolean;

const pathOptions = new Set(["endpoint", "endpointBase", "healthEndpoint"]);
const secretShown = "[secret]";

/**
 * A setting as it may be shown. Of a schema of another library nobody knows whether its text is a secret, so no text
 * of theirs is shown; ours have `secret()` for that, and `plainText()` for what is none.
 */
export function shownSetting(option: string, value: unknown, schema: unknown): Shown {
  if (value instanceof Secret || isSecretName(option)) return secretShown;
  if (typeof value === "number" || typeof value === "boolean") return value;
  // A query may hold a token.
  if (typeof value === "string" && pathOptions.has(option)) return value.replace(/\?.*$/s, "?…");
  if (typeof value === "string" && schema instanceof SettingSchema && option !== "proxy") return value;
  // What a constructor took as an URL object has no credentials either.
  if (value instanceof URL && option === "baseUrl") return String(value);
  return "[hidden]";
}
