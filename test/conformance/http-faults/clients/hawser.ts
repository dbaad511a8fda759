import type { Clock, Random } from "../../../../src/core/clock.ts";
import { systemClock, systemRandom } from "../../../../src/core/clock.ts";
import type { Logger } from "../../../../src/core/logger.ts";
import { silentLogger } from "../../../../src/core/logger.ts";
import type { RequestOptions } from "../../../../src/rest/request.ts";
import { RESTService } from "../../../../src/rest/rest-service.ts";
import {
  callLimits,
  type Client,
  type ClientSettings,
  headersOf,
  patienceMs,
  type Peer,
  type WireBody,
} from "./client.ts";

class Service extends RESTService {}

/** Hawser on this clock; what it logs goes to `logger`. */
export async function openHawser(
  settings: ClientSettings,
  parts: { readonly clock: Clock; readonly logger: Logger; readonly random: Random },
): Promise<Client> {
  const { url, limits, ca, headers } = settings;
  const { authorization = "", ...others } = headers;
  const { maxRetries, retryDelayMs, ...limited } = limits;
  const service = await new Service({
    ...parts,
    ...limited,
    deadlineMs: patienceMs,
    name: "far-side",
    baseUrl: url,
    apiKey: authorization.replace("Bearer ", ""),
    headers: others,
    closeTimeoutMs: 500,
    retry: { maxRetries, baseDelayMs: retryDelayMs },
    ...(ca === undefined ? {} : { tls: { ca } }),
  }).connect();
  return {
    call: async (call) => {
      const { method, path, query: params, reads, signal } = call;
      const { "idempotency-key": idempotencyKey, ...callHeaders } = headersOf(call);
      const { deadlineMs } = callLimits(settings, call);
      const own = { params, signal, headers: callHeaders, idempotencyKey, deadlineMs };
      const options: RequestOptions = { ...own, ...bodyOf(call.body) };
      const response = await service.request(method, path, options);
      return {
        status: response.status,
        body: reads === "json" ? JSON.stringify(response.json()) : response.text(),
      };
    },
    close: async () => service.close(),
  };
}

function bodyOf(body: WireBody): Pick<RequestOptions, "bytes" | "stream"> {
  switch (body.kind) {
    case "none":
      return {};
    case "bytes":
      return { bytes: body.bytes };
    case "one-shot":
    case "factory":
      return { stream: body.stream };
  }
}

export const hawser: Peer = {
  name: "hawser",
  setUp: "As it is, with the limits of the case. A retry needs a method that may be repeated, or a key.",
  open: async (settings) => openHawser(settings, { clock: systemClock, logger: silentLogger, random: systemRandom }),
};
