import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import gotDefault from "got";
import { callLimits, type Client, type ClientSettings, headersOf, type Peer, plainBody, urlOf } from "./client.ts";

async function open(settings: ClientSettings): Promise<Client> {
  const { limits, url, headers, ca } = settings;
  const pool = { keepAlive: true, maxSockets: limits.maxConnections };
  const agent = { http: new HttpAgent(pool), https: new HttpsAgent(pool) };
  const { connectTimeoutMs } = limits;
  const client = gotDefault.extend({
    agent,
    headers,
    retry: { limit: limits.maxRetries, backoffLimit: limits.retryDelayMs },
    maxRedirects: 5,
    ...(ca === undefined ? {} : { https: { certificateAuthority: ca } }),
  });
  return {
    call: async (call) => {
      const body = plainBody(call.body);
      const { attemptTimeoutMs } = callLimits(settings, call);
      const answer = await client(urlOf(url, call), {
        method: call.method as "GET",
        headers: headersOf(call),
        timeout: {
          lookup: connectTimeoutMs,
          connect: connectTimeoutMs,
          secureConnect: connectTimeoutMs,
          ...(call.isPatient ? {} : { socket: limits.bodyIdleTimeoutMs }),
          request: attemptTimeoutMs,
        },
        ...(body === undefined ? {} : { body }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
      return {
        status: answer.statusCode,
        body: call.reads === "json" ? JSON.stringify(JSON.parse(answer.body)) : answer.body,
      };
    },
    close: async () => {
      agent.http.destroy();
      agent.https.destroy();
    },
  };
}

export const got: Peer = {
  name: "got",
  setUp:
    "`timeout.lookup`, `.connect`, `.secureConnect`, `.socket` (for an idle body) and `.request` (for an attempt), " +
    "`retry.limit` and `.backoffLimit`, `maxRedirects`, and Node's agents with `keepAlive` and `maxSockets`. It has no " +
    "limit for a whole call over its retries, and none for the size of an answer.",
  open,
};
