import { ServiceConfigurationError } from "../../core/errors.ts";
import { Secret } from "../../core/secret.ts";
import type { Credentials, FixedAuth } from "../../core/auth/provider.ts";

/** A fixed provider whose credentials no `inspect` and no JSON shows. */
export function fixed(name: string, credentials: Credentials): FixedAuth {
  return Object.defineProperty({ name } as FixedAuth, "credentials", { value: credentials, enumerable: false });
}

/** The value of a secret that was given as an argument. */
export function secretOf(
  provider: string,
  argument: string,
  value: unknown,
  { isEmptyAllowed = false }: { readonly isEmptyAllowed?: boolean } = {},
): string {
  if (value instanceof Secret) return value.reveal();
  if (typeof value === "string" && (value !== "" || isEmptyAllowed)) return value;
  // Most often a variable that is not set.
  throw new ServiceConfigurationError(provider, [`${argument} must be a Secret or a string that is not empty`]);
}

/** A line end, most often: that of the file which a secret was read from. */
export function hasControl(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/.test(text);
}
