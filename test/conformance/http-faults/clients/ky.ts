import kyDefault from "ky";
import { callLimits, type Client, type ClientSettings, headersOf, type Peer, plainBody, urlOf } from "./client.ts";
import { limitFetch } from "./fetch.ts";

async function open(settings: ClientSettings): Promise<Client> {
  const close = limitFetch(settings);
  const { limits, url, headers } = settings;
  const client = kyDefault.create({ retry: { limit: limits.maxRetries, backoffLimit: limits.retryDelayMs }, headers });
  return {
    call: async (call) => {
      const { deadlineMs, attemptTimeoutMs } = callLimits(settings, call);
      const body = plainBody(call.body);
      const answer = await client(urlOf(url, call), {
        method: call.method,
        headers: headersOf(call),
        timeout: attemptTimeoutMs,
        totalTimeout: deadlineMs,
        ...(body === undefined ? {} : { body: body as Buffer, duplex: "half" }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
      return {
        status: answer.status,
        body: call.reads === "json" ? JSON.stringify(await answer.json()) : await answer.text(),
      };
    },
    close,
  };
}

export const ky: Peer = {
  name: "ky",
  setUp:
    "`retry.limit`, `retry.backoffLimit`, `timeout` and `totalTimeout`. It has no limit for connecting, for an idle " +
    "body, for sizes and for connections: those are set on the undici `Agent` under `fetch`.",
  open,
};
