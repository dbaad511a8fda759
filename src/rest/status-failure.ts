import { type ErrorFacts, type Outcome, ServiceRateLimitError, ServiceResponseError } from "../core/errors.ts";
import type { Failure, Verdict } from "../resilience/outcome.ts";
import { type Answer, headerOf, isJson, requestIdOf, textOf } from "./answer.ts";
import { problemOf } from "./problem.ts";
import { quotaOf, retryAfterOf, throttledHint } from "./rate-limit-headers.ts";

// 408 and 425 ask for a repetition in so many words (RFC 9110, section 15.5.9; RFC 8470, section 5.2).
const transient = new Set([408, 425, 429, 500, 502, 503, 504]);

// Whoever answers these may have acted before it failed, or stands in front of one that did. 501, 503, 505 and the
// like say that nothing was done.
const effectUnknown = new Set([500, 502, 504]);

function outcomeOf(status: number): Outcome {
  if (effectUnknown.has(status) || status >= 520) return "unknown";
  return "rejected";
}

function verdictOf(status: number): Verdict {
  if (status === 429) return "throttled";
  if (status === 503) return "overload";
  return status >= 500 ? "fault" : "healthy";
}

/** The failure that an answer means, or undefined where its status is success (2xx, and 304 to a conditional GET). */
export function statusFailure(
  answer: Answer,
  about: { readonly service: string; readonly operation: string; readonly wallNow: number },
): Failure | undefined {
  const { status, headers } = answer;
  if ((status >= 200 && status < 300) || status === 304) return undefined;
  const retryAfterMs = (status === 429 ? throttledHint : retryAfterOf)(headers, about.wallNow);
  const quota = quotaOf(headers);
  const { service, operation } = about;
  return {
    code: status === 429 ? "rate-limited" : "response-status",
    phase: "headers",
    outcome: answer.redirect?.mayHaveTakenEffect === true ? "unknown" : outcomeOf(status),
    verdict: answer.redirect?.isElsewhere === true ? "healthy" : verdictOf(status),
    ...(answer.redirect?.isElsewhere === true ? { isElsewhere: true } : {}),
    // A further attempt would begin before the redirect, with the call itself.
    isTransient: transient.has(status) && answer.redirect?.mayHaveTakenEffect !== true,
    status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(quota === undefined ? {} : { quota }),
    toError(facts) {
      const requestId = requestIdOf(headers);
      const all: ErrorFacts = { service, operation, phase: "headers", ...facts, retryAfterMs, requestId };
      const body = bodyOf(answer);
      if (status === 429) return new ServiceRateLimitError({ ...all, status, headers, body });
      const detail = status < 400 ? redirectDetail(answer) : undefined;
      return new ServiceResponseError({ ...all, status, headers, body, detail, problem: problemOf(headers, body) });
    },
  };
}

function bodyOf({ body, headers }: Answer): unknown {
  const text = textOf(body);
  if (!isJson(headers)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function redirectDetail({ status, headers, redirect }: Answer): string {
  if (redirect?.problem !== undefined) return redirect.problem;
  const location = headerOf(headers, "location");
  // Only where to: path and query of a redirect often carry a token.
  const origin = location !== undefined && URL.canParse(location) ? ` to ${new URL(location).origin}` : "";
  return `the service answered ${status}, a redirect${origin} that is not followed: point the base URL at its goal`;
}
