import { type Dispatcher, interceptors, Pool } from "undici";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";

const getHeaders = { accept: "application/json" };
const postHeaders = { ...getHeaders, "content-type": "application/json" };

/** Made once, as an application would. */
export function headersOf({ json }: RestWork): Record<string, string> {
  return json === undefined ? getHeaders : postHeaders;
}

/** The baseline: `Pool.request`, and its body read as JSON. */
export async function openRequest(work: RestWork): Promise<Client> {
  const pool = new Pool(work.origin, { connections: work.concurrency });
  return clientOf(pool, work);
}

export async function openRetrying(work: RestWork): Promise<Client> {
  const limits = { headersTimeout: 10_000, bodyTimeout: 10_000 };
  const pool = new Pool(work.origin, { connections: work.concurrency, ...limits });
  return clientOf(pool.compose(interceptors.retry({ maxRetries: 2 })), work);
}

function clientOf(dispatcher: Dispatcher, work: RestWork): Client {
  return {
    call: () => requestJson(dispatcher, work),
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}

/** One call as applications write it. */
export async function requestJson(dispatcher: Dispatcher, work: RestWork, signal?: AbortSignal): Promise<unknown> {
  const { origin, path, method, json } = work;
  const { statusCode, body } = await dispatcher.request({
    origin,
    path,
    method,
    headers: headersOf(work),
    body: json === undefined ? null : JSON.stringify(json),
    ...(signal === undefined ? {} : { signal }),
  });
  if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
  return body.json();
}
