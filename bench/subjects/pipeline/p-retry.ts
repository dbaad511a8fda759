import pRetry from "p-retry";
import type { Client } from "../../measure-calls.ts";
import type { Work } from "../../suites/pipeline.ts";

export async function open(work: Work): Promise<Client> {
  return { call: () => pRetry(work, { retries: 2, randomize: true }), [Symbol.asyncDispose]: async () => undefined };
}
