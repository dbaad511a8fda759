import { ofetch } from "ofetch";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";

export async function openBare(work: RestWork): Promise<Client> {
  return clientOf(work, { retry: false });
}

export async function openRetrying(work: RestWork): Promise<Client> {
  return clientOf(work, { retry: 2, timeout: 10_000 });
}

function clientOf(
  { origin, path, method, json }: RestWork,
  stack: { readonly retry: number | false; readonly timeout?: number },
): Client {
  const client = ofetch.create({ baseURL: origin, ...stack });
  return {
    call: () => client<unknown>(path, json === undefined ? { method } : { method, body: json }),
    // ofetch calls Node's own fetch, whose connections end with the process.
    [Symbol.asyncDispose]: async () => undefined,
  };
}
