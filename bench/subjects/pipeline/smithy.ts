import { retryMiddleware, StandardRetryStrategy } from "@smithy/core/retry";
import type { Client } from "../../measure-calls.ts";
import type { Work } from "../../suites/pipeline.ts";

/** The retries of the AWS SDK for JavaScript, put around a function instead of a request of the SDK. */
export async function open(work: Work): Promise<Client> {
  const maxAttempts = async (): Promise<number> => 3;
  const strategy = new StandardRetryStrategy(maxAttempts);
  const middleware = retryMiddleware({ maxAttempts, retryStrategy: async () => strategy });
  const attempt = middleware(async () => ({ response: await work(), output: { $metadata: {} } }), {});
  return {
    call: async () => (await attempt({ input: {}, request: undefined })).response,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
