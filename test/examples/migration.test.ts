import { HttpService } from "@nestjs/axios";
import { create } from "axios";
import { afterEach, describe, expect, test } from "vitest";
import { axiosPayments } from "../../examples/migration/axios-before.ts";
import { fetchPayments } from "../../examples/migration/fetch-before.ts";
import { gotPayments } from "../../examples/migration/got-before.ts";
import { PaymentGateway } from "../../examples/migration/hawser-after.ts";
import { PaymentsService } from "../../examples/migration/nestjs-axios-before.ts";
import type { PaymentsClient } from "../../examples/migration/payments-client.ts";
import { PriceTicker as Before, type Tick } from "../../examples/migration/reconnecting-websocket-before.ts";
import { PriceTicker as After } from "../../examples/migration/reconnecting-websocket-after.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { httpServer, type TestServer } from "../support/http-server.ts";

const payments = [
  { id: "a/b", amount: 1, currency: "EUR" },
  { id: "c", amount: 2, currency: "USD" },
];

/** A gateway that fails the first request of each path once, then answers. */
async function gateway(): Promise<TestServer> {
  const failed = new Set<string>();
  return httpServer(({ method, url, headers, body }, response) => {
    const { pathname, searchParams } = new URL(url, "http://gateway");
    const answer = (status: number, value: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (headers.authorization !== "Bearer key") return answer(401, { title: "who are you?" });
    if (method === "POST") return answer(201, { id: "new", ...(JSON.parse(body) as object) });
    if (!failed.has(pathname)) {
      failed.add(pathname);
      return answer(503, { title: "not now" });
    }
    if (pathname === "/payments") {
      return answer(
        200,
        payments.filter(({ currency }) => currency === searchParams.get("currency")),
      );
    }
    const found = payments.find(({ id }) => pathname === `/payments/${encodeURIComponent(id)}`);
    return answer(found === undefined ? 404 : 200, found ?? { title: "no such payment" });
  });
}

const closing: (() => PromiseLike<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function hawserPayments(baseUrl: string, apiKey: string): Promise<PaymentsClient> {
  const client = new PaymentGateway({ baseUrl, apiKey, logger: silentLogger });
  closing.push(() => client.close());
  return client.connect();
}

const nestPayments = (baseURL: string, apiKey: string): PaymentsClient =>
  new PaymentsService(
    new HttpService(create({ baseURL, timeout: 10_000, headers: { authorization: `Bearer ${apiKey}` } })),
  );

const clients: readonly [string, (url: string, key: string) => PaymentsClient | Promise<PaymentsClient>][] = [
  ["axios and axios-retry", axiosPayments],
  ["got", gotPayments],
  ["fetch", fetchPayments],
  ["Hawser", hawserPayments],
];

describe.each(clients)("payments by %s", (_name, make) => {
  test("are found, listed and made, over a passing failure, and none is found where there is none", async () => {
    const server = await gateway();
    closing.push(() => server[Symbol.asyncDispose]());
    const client = await make(server.url, "key");
    expect(await client.findPayment("a/b")).toEqual(payments[0]);
    expect(await client.listPayments("USD")).toEqual([payments[1]]);
    expect(await client.createPayment(3, "EUR")).toEqual({ id: "new", amount: 3, currency: "EUR" });
    expect(await client.findPayment("nobody")).toBeUndefined();
  });

  test("are given up with the caller's signal", async () => {
    const server = await gateway();
    closing.push(() => server[Symbol.asyncDispose]());
    const client = await make(server.url, "key");
    await expect(client.findPayment("c", AbortSignal.abort())).rejects.toThrow(/abort|cancel/i);
    expect(server.requests).toEqual([]);
  });
});

test("payments by @nestjs/axios are found and made", async () => {
  const server = await gateway();
  closing.push(() => server[Symbol.asyncDispose]());
  const client = nestPayments(server.url, "key");
  expect(await client.findPayment("a/b")).toEqual(payments[0]);
  expect(await client.listPayments("USD").catch(() => "not retried")).toBe("not retried");
  expect(await client.createPayment(3, "EUR")).toEqual({ id: "new", amount: 3, currency: "EUR" });
});

/** Hears twenty ticks, of a feed that cuts all streams after the tenth. */
async function hear(sandbox: Sandbox, subscribe: (listener: (tick: Tick) => void) => unknown): Promise<number[]> {
  const numbers: number[] = [];
  const heard = Promise.withResolvers<void>();
  await subscribe(({ seq }) => {
    numbers.push(seq);
    if (numbers.length === 20) heard.resolve();
    if (numbers.length !== 10) return;
    const cut = { method: "POST", body: JSON.stringify({ kind: "drop" }) };
    fetch(`${sandbox.feed.controlUrl}/__faults`, cut).catch((error: unknown) => heard.reject(error));
  });
  await heard.promise;
  return numbers;
}

test("both tickers hear ticks in order over a connection that is cut, and Hawser's misses none", async () => {
  const sandbox = await startSandbox({ tickIntervalMs: 5 });
  closing.push(() => sandbox.close());
  const { url, apiKey } = sandbox.feed;

  const before = new Before(`${url}/stream`, apiKey);
  closing.push(async () => before.close());
  const old = await hear(sandbox, (listener) => before.subscribe("prices", listener));
  before.close();
  expect(old).toEqual(old.toSorted((a, b) => a - b));

  const after = new After({ baseUrl: url, endpoint: "/stream", apiKey, logger: silentLogger });
  closing.push(() => after.close());
  await after.connect();
  const first = (numbers: readonly number[]): number => numbers[0] ?? 0;
  const all = await hear(sandbox, (listener) =>
    after.subscribe("prices", (message) => void (message.type === "tick" && listener(message))),
  );
  expect(all).toEqual(all.map((_, index) => first(all) + index));
});
