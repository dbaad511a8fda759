import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { redactHeaders, redactPath } from "../core/redact.ts";
import type { AttemptEnd } from "../resilience/outcome.ts";
import { type Answer, isOpen, type OpenAnswer } from "./answer.ts";
import type { PreparedRequest } from "./request.ts";

// URLs that an answer hands out often carry a token of their own: a redirect after a login, a signed download.
const urlHeaders = new Set(["location", "content-location", "link", "refresh"]);

/** One line when an attempt goes out, and by what is returned one when it has ended; level `debug`, no secret in it. */
export function logAttempt(
  logger: Logger,
  { method, path, headers, credentials }: PreparedRequest,
  { clock, ...whose }: { readonly service?: string; readonly attempt: number; readonly clock: Clock },
): (end: AttemptEnd<Answer | OpenAnswer>) => void {
  const { service, attempt } = whose;
  const about = {
    ...(service === undefined ? {} : { service }),
    method,
    path: redactPath(path, credentials?.query),
    attempt,
  };
  const startedAt = clock.now();
  logger.debug({ ...about, headers: redactHeaders(headers, credentials?.headers) }, "request");
  return (end) => {
    const durationMs = Math.round(clock.now() - startedAt);
    if (end.kind !== "success") {
      logger.debug(
        { ...about, code: end.kind === "failure" ? end.failure.code : "aborted", durationMs },
        "no response",
      );
      return;
    }
    const { value } = end;
    const shown = redactHeaders(redactHeaders(value.headers, urlHeaders), credentials?.headers);
    const bytes = isOpen(value) ? {} : { bytes: value.body.byteLength };
    logger.debug({ ...about, status: value.status, headers: shown, ...bytes, durationMs }, "response");
  };
}
