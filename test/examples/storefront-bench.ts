import { silentLogger } from "hawser";
import { createStorefront, type Storefront } from "../../examples/storefront/app.ts";
import { listenOn } from "../../examples/storefront/ports.ts";
import { environmentOf } from "../../examples/storefront/run.ts";
import { type Bench, startBench } from "../sandbox/bench.ts";

/** An answer of the storefront. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** A storefront that listens, moored to a sandbox of its own. */
export interface StorefrontBench extends AsyncDisposable {
  readonly far: Bench;
  readonly storefront: Storefront;
  readonly url: string;
  get(path: string): Promise<Answered>;
  pay(order?: unknown, headers?: Record<string, string>): Promise<Answered>;
}

export const order = { amount: 12.5, currency: "EUR" };

export async function openStorefront(): Promise<StorefrontBench> {
  const far = await startBench({ tickIntervalMs: 10 });
  const { sandbox } = far;
  const storefront = createStorefront({
    env: environmentOf(sandbox),
    logger: silentLogger,
    controlUrl: sandbox.controlUrl,
  });
  const url = await listenOn(storefront.app, 0);
  const ask = async (path: string, init?: RequestInit): Promise<Answered> => {
    const response = await fetch(url + path, init);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json");
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : { text }) as Record<string, unknown>,
    };
  };
  return {
    far,
    storefront,
    url,
    get: (path) => ask(path),
    pay: (body = order, headers = {}) =>
      ask("/payments", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    async [Symbol.asyncDispose]() {
      await storefront.app.close();
      await far[Symbol.asyncDispose]();
    },
  };
}
