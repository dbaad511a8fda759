import pRetry from "p-retry";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";

export async function openBare(work: RestWork): Promise<Client> {
  return clientOf(() => fetchJson(work));
}

export async function openRetrying(work: RestWork): Promise<Client> {
  return clientOf(() => pRetry(() => fetchJson(work, AbortSignal.timeout(10_000)), { retries: 2, randomize: true }));
}

/** The connections of Node's own fetch are the process's, and end with it. */
function clientOf(call: Client["call"]): Client {
  return { call, [Symbol.asyncDispose]: async () => undefined };
}

async function fetchJson({ origin, path, method, json }: RestWork, signal?: AbortSignal): Promise<unknown> {
  const response = await fetch(origin + path, {
    method,
    ...(json === undefined ? {} : { body: JSON.stringify(json), headers: { "content-type": "application/json" } }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return response.json();
}
