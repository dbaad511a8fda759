import { Agent } from "node:http";
import { type AxiosInstance, create } from "axios";
import axiosRetry, { exponentialDelay } from "axios-retry";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../suites/rest.ts";

export async function openBare(work: RestWork): Promise<Client> {
  return clientOf(work, (httpAgent) => create({ httpAgent }));
}

export async function openRetrying(work: RestWork): Promise<Client> {
  return clientOf(work, (httpAgent) => {
    const client = create({ httpAgent, timeout: 10_000 });
    axiosRetry(client, { retries: 2, retryDelay: exponentialDelay });
    return client;
  });
}

function clientOf(
  { origin, path, method, json, concurrency }: RestWork,
  clientWith: (agent: Agent) => AxiosInstance,
): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const client = clientWith(agent);
  const url = origin + path;
  return {
    call: async () => (await client.request<unknown>({ url, method, data: json })).data,
    [Symbol.asyncDispose]: async () => agent.destroy(),
  };
}
