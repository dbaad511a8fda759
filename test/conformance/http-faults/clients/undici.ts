import { Agent, interceptors, request } from "undici";
import {
  callLimits,
  type Client,
  type ClientSettings,
  headersOf,
  type Peer,
  plainBody,
  signalWithin,
  urlOf,
} from "./client.ts";

/** An agent with every limit that undici has, set to those of the case. */
export function agentFor({ limits, ca }: ClientSettings): Agent {
  return new Agent({
    connections: limits.maxConnections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: limits.attemptTimeoutMs,
    bodyTimeout: limits.bodyIdleTimeoutMs,
    maxResponseSize: limits.maxResponseBytes,
    connect: { timeout: limits.connectTimeoutMs, ...(ca === undefined ? {} : { ca }) },
  });
}

async function open(settings: ClientSettings): Promise<Client> {
  const { limits, url } = settings;
  const agent = agentFor(settings);
  const dispatcher = agent.compose(
    interceptors.decompress({ maxSize: limits.maxResponseBytes, skipErrorResponses: false }),
    interceptors.redirect({ maxRedirections: 5, throwOnMaxRedirect: true }),
    interceptors.retry({
      maxRetries: limits.maxRetries,
      minTimeout: limits.retryDelayMs,
      maxTimeout: limits.deadlineMs,
    }),
  );
  return {
    call: async (call) => {
      const answer = await request(urlOf(url, call), {
        dispatcher,
        method: call.method,
        headers: { ...settings.headers, ...headersOf(call) },
        // Its types want a Readable; an async generator is documented and taken.
        body: (plainBody(call.body) ?? null) as Buffer | null,
        signal: signalWithin(call, callLimits(settings, call).deadlineMs),
      });
      const body = call.reads === "json" ? JSON.stringify(await answer.body.json()) : await answer.body.text();
      return { status: answer.statusCode, body };
    },
    close: async () => agent.destroy(),
  };
}

export const undici: Peer = {
  name: "undici",
  setUp:
    "`request` over an `Agent` with `connections`, `connect.timeout`, `headersTimeout`, `bodyTimeout` and " +
    "`maxResponseSize`, composed with the interceptors `retry`, `redirect` (5, throwing) and `decompress` (with " +
    "`maxSize`). It has no limit for a whole call: `AbortSignal.timeout` is passed for the deadline. A status is left " +
    "to the caller, which counts as telling it.",
  open,
};
