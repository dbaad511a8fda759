import { isSecretName } from "../core/redact.ts";
import { Secret } from "../core/secret.ts";
import { SettingSchema } from "./setting-schemas.ts";

/** A setting as it may be shown. */
export type Shown = string | number | boolean;

const addressing = new Set(["baseUrl", "endpoint", "endpointBase", "healthEndpoint"]);
const secretShown = "[secret]";

/**
 * A setting as it may be shown. Of a schema of another library nobody knows whether its text is a secret, so no text
 * of theirs is shown; ours have `secret()` for that, and `plainText()` for what is none.
 */
export function shownSetting(option: string, value: unknown, schema: unknown): Shown {
  if (value instanceof Secret || isSecretName(option)) return secretShown;
  if (typeof value === "number" || typeof value === "boolean") return value;
  // Refused where a service is made of it, but it is described before that, and may be a mistake with a secret in it.
  if (addressing.has(option) && (typeof value === "string" || value instanceof URL)) {
    return withoutUser(String(value)).replace(/\?.*$/s, "?…");
  }
  if (typeof value === "string" && schema instanceof SettingSchema && option !== "proxy") return withoutUser(value);
  return "[hidden]";
}

const withoutUser = (text: string): string => text.replaceAll(/(:\/\/)[^/?#\s]*@/g, "$1…@");
