import type { FastifyReply } from "fastify";
import {
  type ExternalServiceError,
  isServiceRateLimitError,
  isServiceResponseError,
  isServiceTimeoutError,
  isServiceUnavailableError,
  type Outcome,
} from "hawser";

/** A problem document (RFC 9457), and the status and headers that go with it. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly [extension: string]: unknown;
}

/** Answers with a problem document. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type("application/problem+json")
    .send({ type: "about:blank", ...problem });
}

/** What a customer is told of a call that failed: what is known about its effect, and nothing of our inside. */
export function upstreamProblem(error: ExternalServiceError): Problem {
  const { outcome, attempts } = error;
  if (isServiceResponseError(error) && error.status === 422) {
    return {
      title: "Idempotency-Key reused",
      status: 422,
      detail: "This Idempotency-Key came before with another order. Use a fresh one.",
    };
  }
  const status = statusFor(error);
  return { title: titles[status], status, detail: details[outcome], outcome, attempts: attempts.length };
}

/** How many seconds to wait before the next try, for `Retry-After`. */
export function retryAfterS(error: ExternalServiceError): number {
  const waitMs = error.retryAt === undefined ? 0 : error.retryAt.getTime() - Date.now();
  return Math.max(1, Math.ceil(waitMs / 1000));
}

const titles = { 502: "Upstream failed", 503: "Try again later", 504: "Upstream too slow" } as const;

function statusFor(error: ExternalServiceError): keyof typeof titles {
  if (isServiceTimeoutError(error)) return 504;
  const isBusy = isServiceRateLimitError(error) || (isServiceResponseError(error) && error.status === 503);
  return isBusy || isServiceUnavailableError(error) || error.outcome === "not-sent" ? 503 : 502;
}

const details: Record<Outcome, string> = {
  "not-sent": "Nothing was done. Try again.",
  rejected: "It was refused, and nothing was done. Try again later.",
  unknown: "It may have taken effect. Repeat it with the same Idempotency-Key, and it takes effect once.",
  accepted: "It has taken effect. Repeat it with the same Idempotency-Key to get the answer.",
};
