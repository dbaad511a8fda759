import { Agent } from "node:http";
import got, { type OptionsInit } from "got";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../suites/rest.ts";

export async function openBare(work: RestWork): Promise<Client> {
  return clientOf(work, { retry: { limit: 0 } });
}

export async function openRetrying(work: RestWork): Promise<Client> {
  return clientOf(work, { retry: { limit: 2 }, timeout: { request: 10_000 } });
}

function clientOf({ origin, path, method, json, concurrency }: RestWork, stack: OptionsInit): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const client = got.extend({ agent: { http: agent }, ...stack });
  const url = origin + path;
  return {
    call: () => (json === undefined ? client(url, { method }) : client(url, { method, json })).json(),
    [Symbol.asyncDispose]: async () => agent.destroy(),
  };
}
