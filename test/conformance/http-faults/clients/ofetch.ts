import { ofetch as fetchDefault } from "ofetch";
import { callLimits, type Client, type ClientSettings, headersOf, type Peer, plainBody, urlOf } from "./client.ts";
import { limitFetch } from "./fetch.ts";

async function open(settings: ClientSettings): Promise<Client> {
  const close = limitFetch(settings);
  const { limits, url, headers } = settings;
  return {
    call: async (call) => {
      const isRead = call.method === "GET" || call.method === "HEAD";
      const body = plainBody(call.body);
      const answer = await fetchDefault.raw(urlOf(url, call), {
        method: call.method,
        headers: { ...headers, ...headersOf(call) },
        timeout: callLimits(settings, call).attemptTimeoutMs,
        retryDelay: limits.retryDelayMs,
        // A number given for a POST makes it retry POSTs, which nobody should want; its default does not.
        ...(isRead ? { retry: limits.maxRetries } : {}),
        ...(call.reads === "json" ? { parseResponse: JSON.parse } : { responseType: "text" }),
        ...(body === undefined ? {} : { body: body as Buffer, duplex: "half" }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
      // oxlint-disable-next-line no-underscore-dangle
      const data: unknown = answer._data;
      return { status: answer.status, body: call.reads === "json" ? JSON.stringify(data) : textOf(data) };
    },
    close,
  };
}

const textOf = (data: unknown): string => (typeof data === "string" ? data : "");

export const ofetch: Peer = {
  name: "ofetch",
  setUp:
    "`retry` for reads (its default, none, for writes), `retryDelay` and `timeout`, its one limit, for an attempt; a " +
    "`signal` only where the caller aborts, because it would switch `timeout` off. What it has no limit for is set on " +
    "the undici `Agent` under `fetch`.",
  open,
};
