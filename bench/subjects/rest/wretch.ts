import wretch from "wretch";
import AbortAddon from "wretch/addons/abort";
import { retry } from "wretch/middlewares/retry";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";

export async function openBare({ origin, path, json }: RestWork): Promise<Client> {
  const client = wretch(origin);
  return clientOf(() => (json === undefined ? client.get(path) : client.post(json, path)).json());
}

export async function openRetrying({ origin, path, json }: RestWork): Promise<Client> {
  const client = wretch(origin)
    .addon(AbortAddon())
    .middlewares([retry({ maxAttempts: 2, retryOnNetworkError: true })]);
  return clientOf(() => (json === undefined ? client.get(path) : client.post(json, path)).setTimeout(10_000).json());
}

/** wretch calls Node's own fetch, whose connections end with the process. */
function clientOf(call: Client["call"]): Client {
  return { call, [Symbol.asyncDispose]: async () => undefined };
}
