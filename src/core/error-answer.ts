import { isClientGoneError } from "./client-gone.ts";
import { type Clock, systemClock } from "./clock.ts";
import {
  type ExternalServiceError,
  isExternalServiceError,
  isServiceConfigurationError,
  isServiceRateLimitError,
  isServiceResponseError,
  isServiceStopError,
  isServiceTimeoutError,
  isServiceUnavailableError,
  isServiceWaitError,
} from "./errors.ts";

/** A problem document (RFC 9457) that says nothing but what its status says. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
}

/** What an application answers to its own client where a call to a service failed. */
export interface ErrorAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ProblemBody;
}

/** Decides what is answered to an error; undefined leaves it to the framework. */
export type AnswerForError = (error: unknown) => ErrorAnswer | undefined;

type Status = keyof typeof problems;

const problems = {
  // What nginx answers, to a log alone: nobody is there to read it.
  499: { title: "Client Closed Request" },
  500: { title: "Internal Server Error" },
  502: { title: "Bad Gateway", detail: "A service that is needed for this could not be used, or answered wrongly." },
  503: { title: "Service Unavailable", detail: "A service that is needed for this takes no more requests now." },
  504: { title: "Gateway Timeout", detail: "A service that is needed for this did not answer in time." },
} as const;

/**
 * What to answer to one's own client when a call to a service failed: a timeout is a 504; a limit, an open circuit
 * and whatever else is refused for now a 503, with `Retry-After` where it is known; everything else that is the
 * service's fault a 502, its 4xx too, for it was we who asked; a mistake in our configuration a 500; a client that
 * went away a 499. `undefined` where the error is none of a service: it is the application's own.
 *
 * The answer is made of the error's kind and its time to wait alone. No message, name, URL, header or body of the
 * service gets into it.
 *
 * @param options - `clock`: tells how long it is until `retryAt`; the system's by default.
 */
export function answerForError(
  error: unknown,
  options: { readonly clock?: Clock | undefined } = {},
): ErrorAnswer | undefined {
  if (isClientGoneError(error)) return answerOf(499);
  if (!isExternalServiceError(error)) return undefined;
  const status = statusFor(error);
  return answerOf(status, status === 503 ? secondsUntil(error, options.clock ?? systemClock) : undefined);
}

function statusFor(error: ExternalServiceError): Status {
  if (isServiceTimeoutError(error)) return 504;
  if (isServiceUnavailableError(error) || isServiceRateLimitError(error)) return 503;
  if (isServiceConfigurationError(error) || isServiceStopError(error)) return 500;
  if (isServiceWaitError(error)) return error.reason === "timeout" ? 504 : 502;
  if (!isServiceResponseError(error)) return 502;
  return error.status === 503 || error.status === 504 ? error.status : 502;
}

/** Whole seconds, as `Retry-After` wants them (RFC 9110, section 10.2.3); rounded up, for early is too early. */
function secondsUntil({ retryAt, retryAfterMs }: ExternalServiceError, clock: Clock): number | undefined {
  const waitMs = retryAt === undefined ? retryAfterMs : retryAt.getTime() - clock.wallNow();
  if (waitMs === undefined || !Number.isFinite(waitMs)) return undefined;
  return Math.max(1, Math.ceil(waitMs / 1_000));
}

function answerOf(status: Status, retryAfter?: number): ErrorAnswer {
  return {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
    },
    // With this type, the title is the phrase of the status and nothing else (RFC 9457, section 4.2.1).
    body: { type: "about:blank", status, ...problems[status] },
  };
}
