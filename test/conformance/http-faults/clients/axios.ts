import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Readable } from "node:stream";
import { create } from "axios";
import axiosRetry, { exponentialDelay } from "axios-retry";
import {
  callLimits,
  type Client,
  type ClientSettings,
  headersOf,
  type Peer,
  plainBody,
  signalWithin,
  urlOf,
  type WireCall,
} from "./client.ts";

async function open(settings: ClientSettings): Promise<Client> {
  const { limits, url, headers, ca } = settings;
  const pool = { keepAlive: true, maxSockets: limits.maxConnections };
  const httpAgent = new HttpAgent(pool);
  const httpsAgent = new HttpsAgent({ ...pool, ...(ca === undefined ? {} : { ca }) });
  const client = create({
    httpAgent,
    httpsAgent,
    headers,
    maxRedirects: 5,
    maxContentLength: limits.maxResponseBytes,
    transitional: { silentJSONParsing: false, clarifyTimeoutError: true },
  });
  axiosRetry(client, {
    retries: limits.maxRetries,
    retryDelay: (number, error) => exponentialDelay(number, error, limits.retryDelayMs),
  });
  return {
    call: async (call) => {
      const { deadlineMs, attemptTimeoutMs } = callLimits(settings, call);
      const answer = await client.request<unknown>({
        url: urlOf(url, call),
        method: call.method,
        headers: headersOf(call),
        data: bodyOf(call),
        timeout: attemptTimeoutMs,
        // Its own limit first, where it holds: that says what has passed, and a cancellation does not.
        signal: signalWithin(call, deadlineMs + 250),
        responseType: call.reads,
        ...(call.reads === "text" ? { transformResponse: (data: unknown) => data } : {}),
      });
      const { data } = answer;
      return { status: answer.status, body: call.reads === "json" ? JSON.stringify(data) : String(data) };
    },
    close: async () => {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

function bodyOf({ body }: WireCall): Buffer | Readable | undefined {
  const plain = plainBody(body);
  return plain === undefined || Buffer.isBuffer(plain) ? plain : Readable.from(plain);
}

export const axios: Peer = {
  name: "axios",
  setUp:
    "with axios-retry (`retries`, `exponentialDelay`, its default condition): `timeout` for an attempt and, as its " +
    "documentation says, `AbortSignal.timeout` for the deadline, 250 ms later; `maxContentLength`, `maxRedirects`, broken JSON not " +
    "passed over in silence, and Node's agents with `keepAlive` and `maxSockets`. It has no limit for connecting, and " +
    "none for an idle body.",
  open,
};
