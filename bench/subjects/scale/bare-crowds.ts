import { once } from "node:events";
import { Pool } from "undici";
import { WebSocket } from "ws";
import type { Crowd } from "../../suites/scale-crowd.ts";
import { MessageCrowd } from "./message-crowd.ts";

const headers = { accept: "application/json" };

async function callJson(pool: Pool, signal?: AbortSignal): Promise<unknown> {
  const options = { path: "/json/200", method: "GET", headers } as const;
  const { statusCode, body } = await pool.request(signal === undefined ? options : { ...options, signal });
  if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
  return body.json();
}

/** A pool of undici for each origin. */
export async function openOrigins(origins: readonly string[], connections: number): Promise<Crowd> {
  const pools: Pool[] = [];
  return {
    grow: async (size) => {
      for (const origin of origins.slice(pools.length, size)) pools.push(new Pool(origin, { connections }));
    },
    operate: async (index) => {
      const pool = pools[index];
      if (pool === undefined) throw new RangeError(`there is no origin ${index}`);
      return callJson(pool);
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all(pools.map((pool) => pool.destroy()))),
  };
}

/** Calls of one pool; with `signal`, all by one. */
export async function openCalls(origin: string, connections: number, signal?: AbortSignal): Promise<Crowd> {
  const pool = new Pool(origin, { connections });
  return {
    grow: async () => undefined,
    operate: () => callJson(pool, signal),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}

export async function openStreams(origin: string): Promise<Crowd> {
  return new MessageCrowd(async (onText) => {
    const ws = new WebSocket(`${origin.replace("http", "ws")}/echo`, { perMessageDeflate: false });
    ws.on("message", (raw: Buffer) => onText(raw.toString()));
    ws.on("error", () => undefined);
    ws.on("close", () => undefined);
    await once(ws, "open");
    return { send: async (text) => ws.send(text), close: async () => ws.terminate() };
  });
}
