import { HttpResponse } from "@smithy/core/protocols";
import { retryMiddleware, StandardRetryStrategy } from "@smithy/core/retry";
import type { Subject } from "../subject.ts";
import { attemptOnce, underDeadline, WireError } from "./wire.ts";

/** What the AWS SDK throws: a status in `$metadata`, and the response that its Retry-After is read from. */
function sdkError(error: unknown): Error {
  if (!(error instanceof WireError)) return error as Error;
  const { status, retryAfterSeconds } = error;
  if (status === undefined) return error;
  const headers = retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  return Object.assign(error, {
    $metadata: { httpStatusCode: status },
    $response: new HttpResponse({ statusCode: status, headers }),
  });
}

/** The retries of the AWS SDK for JavaScript, standard mode of 2026. */
export const smithyStandard: Subject = {
  id: "smithy",
  name: "@smithy standard",
  group: "peer",
  about: "retryMiddleware over StandardRetryStrategy(3 attempts): 50 ms full jitter, 500 tokens for each process.",
  client(parts) {
    const { clock, attemptTimeoutMs: timeoutMs } = parts;
    const maxAttempts = async (): Promise<number> => 3;
    const strategy = new StandardRetryStrategy(maxAttempts);
    const middleware = retryMiddleware({ maxAttempts, retryStrategy: async () => strategy });
    return {
      call: (send) =>
        underDeadline(parts, async (signal) => {
          const attempt = middleware(
            async () => {
              try {
                await attemptOnce(send, { clock, timeoutMs, signal });
                return { response: undefined, output: { $metadata: {} } };
              } catch (error) {
                throw sdkError(error);
              }
            },
            { __smithy_context: { abortSignal: signal } },
          );
          return attempt({ input: {}, request: undefined });
        }),
    };
  },
};
