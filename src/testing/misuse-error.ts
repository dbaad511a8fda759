import undiciErrors from "undici/lib/core/errors.js";

/** An error that a service takes for the caller's own: it ends the call at once, is not retried and counts nowhere. */
export function misuseError(text: string, cause?: unknown): Error {
  const error = new undiciErrors.InvalidArgumentError(text);
  if (cause !== undefined) error.cause = cause;
  return error;
}
