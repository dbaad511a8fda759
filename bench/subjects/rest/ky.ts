import ky, { type Options } from "ky";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";

export async function openBare(work: RestWork): Promise<Client> {
  return clientOf(work, { retry: 0, timeout: false });
}

export async function openRetrying(work: RestWork): Promise<Client> {
  return clientOf(work, { retry: 2, timeout: 10_000 });
}

function clientOf({ origin, path, method, json }: RestWork, stack: Options): Client {
  const client = ky.create(stack);
  const url = origin + path;
  return {
    call: () => client(url, json === undefined ? { method } : { method, json }).json(),
    // ky calls Node's own fetch, whose connections end with the process.
    [Symbol.asyncDispose]: async () => undefined,
  };
}
