import { type IncomingMessage, request as requestPlain, type RequestOptions } from "node:http";
import { request as requestTLS } from "node:https";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";
import { cockatielStack } from "./cockatiel-stack.ts";
import { type Agents, keepAliveAgents } from "./keep-alive-agents.ts";

export async function openBare(work: RestWork): Promise<Client> {
  const agents = keepAliveAgents(work.concurrency);
  return { call: callerOf(work, agents), [Symbol.asyncDispose]: () => agents[Symbol.asyncDispose]() };
}

export async function openStacked(work: RestWork): Promise<Client> {
  const agents = keepAliveAgents(work.concurrency);
  const policy = cockatielStack();
  const call = callerOf(work, agents);
  return {
    call: () => policy.execute(({ signal }) => call(signal)),
    [Symbol.asyncDispose]: () => agents[Symbol.asyncDispose](),
  };
}

/** One call as it is written by hand, its URL taken apart beforehand. */
function callerOf(
  { origin, path, method, json }: RestWork,
  agents: Agents,
): (signal?: AbortSignal) => Promise<unknown> {
  const { protocol, hostname, port } = new URL(origin);
  const [request, agent] =
    protocol === "https:" ? ([requestTLS, agents.https] as const) : ([requestPlain, agents.http] as const);
  const options: RequestOptions = { agent, hostname, port, path, method };
  return (signal) =>
    new Promise((resolve, reject) => {
      const body = json === undefined ? undefined : JSON.stringify(json);
      const headers = {
        accept: "application/json",
        ...(body && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
      };
      request({ ...options, headers, ...(signal && { signal }) }, (answer) => {
        collectJson(answer).then(resolve, reject);
      })
        .on("error", reject)
        .end(body);
    });
}

function collectJson(answer: IncomingMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    answer
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .on("error", reject)
      .on("end", () => {
        if (answer.statusCode === 200) resolve(JSON.parse(Buffer.concat(chunks).toString()));
        else reject(new Error(`answered ${answer.statusCode}`));
      });
  });
}
