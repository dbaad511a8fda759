import { type AxiosInstance, create, type CreateAxiosDefaults } from "axios";
import axiosRetry, { exponentialDelay } from "axios-retry";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";
import { keepAliveAgents } from "./keep-alive-agents.ts";

export async function openBare(work: RestWork): Promise<Client> {
  return clientOf(work, create);
}

export async function openRetrying(work: RestWork): Promise<Client> {
  return clientOf(work, (agents) => {
    const client = create({ ...agents, timeout: 10_000 });
    axiosRetry(client, { retries: 2, retryDelay: exponentialDelay });
    return client;
  });
}

function clientOf(
  { origin, path, method, json, concurrency }: RestWork,
  clientWith: (agents: CreateAxiosDefaults) => AxiosInstance,
): Client {
  const agents = keepAliveAgents(concurrency);
  const client = clientWith({ httpAgent: agents.http, httpsAgent: agents.https });
  const url = origin + path;
  return {
    call: async () => (await client.request<unknown>({ url, method, data: json })).data,
    [Symbol.asyncDispose]: () => agents[Symbol.asyncDispose](),
  };
}
