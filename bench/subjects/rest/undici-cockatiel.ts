import { Pool } from "undici";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";
import { cockatielStack } from "./cockatiel-stack.ts";
import { requestJson } from "./undici.ts";

export async function open(work: RestWork): Promise<Client> {
  const pool = new Pool(work.origin, { connections: work.concurrency });
  const policy = cockatielStack();
  return {
    call: () => policy.execute(({ signal }) => requestJson(pool, work, signal)),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}
