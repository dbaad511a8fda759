import got, { type OptionsInit } from "got";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";
import { keepAliveAgents } from "./keep-alive-agents.ts";

export async function openBare(work: RestWork): Promise<Client> {
  return clientOf(work, { retry: { limit: 0 } });
}

export async function openRetrying(work: RestWork): Promise<Client> {
  return clientOf(work, { retry: { limit: 2 }, timeout: { request: 10_000 } });
}

function clientOf({ origin, path, method, json, concurrency }: RestWork, stack: OptionsInit): Client {
  const agents = keepAliveAgents(concurrency);
  const client = got.extend({ agent: { http: agents.http, https: agents.https }, ...stack });
  const url = origin + path;
  return {
    call: () => (json === undefined ? client(url, { method }) : client(url, { method, json })).json(),
    [Symbol.asyncDispose]: () => agents[Symbol.asyncDispose](),
  };
}
