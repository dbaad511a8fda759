import { RESTService, type RESTServiceOptions, subscribe } from "hawser";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";

class Payments extends RESTService {}

export async function openDefault(work: RestWork): Promise<Client> {
  return clientOf(work, {});
}

export async function openEverything(work: RestWork): Promise<Client> {
  const durations = new Histogram();
  const attempts = new Histogram();
  subscribe("hawser:call:end", ({ durationMs }) => durations.add(durationMs));
  subscribe("hawser:attempt", ({ attempt }) => attempts.add(attempt.durationMs));
  // A rate that no client reaches: the gate counts every call, and holds none back.
  return clientOf(work, { rateLimit: { limit: 10_000, perMs: 1 } });
}

async function clientOf(work: RestWork, options: Partial<RESTServiceOptions>): Promise<Client> {
  const { origin, path, method, json, concurrency } = work;
  const service = new Payments({ name: "payments", baseUrl: origin, maxConnections: concurrency, ...options });
  await service.connect();
  return {
    call: method === "GET" ? () => service.getJson(path) : () => service.postJson(path, { json }),
    [Symbol.asyncDispose]: () => service.close(),
  };
}

/** Counts durations by powers of two, as an exporter would read them. */
class Histogram {
  readonly #buckets = new Uint32Array(64);

  add(ms: number): void {
    const bucket = 32 + Math.ceil(Math.log2(Math.max(ms, 1e-6)));
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }
}
