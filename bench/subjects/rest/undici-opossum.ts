import CircuitBreaker from "opossum";
import { Pool } from "undici";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";
import { requestJson } from "./undici.ts";

export async function open(work: RestWork): Promise<Client> {
  const pool = new Pool(work.origin, { connections: work.concurrency });
  const breaker = new CircuitBreaker(() => requestJson(pool, work), { timeout: 10_000 });
  return {
    call: () => breaker.fire(),
    [Symbol.asyncDispose]: () => {
      breaker.shutdown();
      return pool.destroy();
    },
  };
}
