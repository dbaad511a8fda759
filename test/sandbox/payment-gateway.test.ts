import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Bench, bearer, startBench } from "./bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

describe("a payment", () => {
  test("is charged, answered with 201 and can be read again", async () => {
    const paid = await bench.pay(undefined, { amount: 12.5, currency: "EUR", reference: "order-1" });
    const { gateway } = bench.sandbox;
    const read = await bench.send(`${gateway.url}/v1/payments/${String(paid.body["id"])}`, {
      headers: bearer(gateway.apiKey),
    });

    expect(paid).toMatchObject({
      status: 201,
      body: { amount: 12.5, currency: "EUR", reference: "order-1", status: "captured" },
    });
    expect(read).toMatchObject({ status: 200, body: paid.body });
  });

  test.each([
    undefined,
    [],
    {},
    { amount: "1", currency: "EUR" },
    { amount: 0, currency: "EUR" },
    { amount: 1, currency: "EURO" },
    { amount: 1, currency: "EUR", reference: 5 },
  ])("with the body %j is refused with a problem document and not charged", async (body) => {
    const { gateway } = bench.sandbox;
    const reply = await bench.send(`${gateway.url}/v1/payments`, {
      method: "POST",
      headers: bearer(gateway.apiKey),
      body,
    });

    expect(reply).toMatchObject({ status: 400, body: { status: 400, title: "Bad payment" } });
    expect(reply.headers["content-type"]).toBe("application/problem+json");
    expect((await bench.ledger()).charges).toEqual([]);
  });

  test("whose body is not JSON is refused with a problem document", async () => {
    const { gateway } = bench.sandbox;
    const response = await fetch(`${gateway.url}/v1/payments`, {
      method: "POST",
      headers: { ...bearer(gateway.apiKey), connection: "close" },
      body: "{",
    });

    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ detail: "The body is not JSON." });
  });

  test("without the right key is refused with 401, and its idempotency key was seen", async () => {
    const { gateway } = bench.sandbox;
    const body = { amount: 1, currency: "EUR" };
    for (const headers of [{}, bearer("wrong"), { authorization: gateway.apiKey }]) {
      const reply = await bench.send(`${gateway.url}/v1/payments`, {
        method: "POST",
        headers: { ...headers, "idempotency-key": "k" },
        body,
      });
      expect(reply).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
    }

    expect(await bench.ledger()).toEqual({
      charges: [],
      keys: [{ key: "k", chargeId: null, timesSeen: 3 }],
      requests: 3,
    });
  });
});

describe("an idempotency key", () => {
  test("a payment repeated under its key is charged once and answered the same", async () => {
    const first = await bench.pay("k");
    const second = await bench.pay("k");

    expect(second).toMatchObject({ status: 201, body: first.body });
    expect(first.headers["idempotency-replayed"]).toBeUndefined();
    expect(second.headers["idempotency-replayed"]).toBe("true");
    expect(await bench.ledger()).toMatchObject({
      charges: [{ id: first.body["id"], idempotencyKey: "k" }],
      keys: [{ key: "k", chargeId: first.body["id"], timesSeen: 2 }],
      requests: 2,
    });
  });

  test("a payment repeated under its key is charged once, also while the first is in flight", async () => {
    await bench.order("gateway", { kind: "latency", ms: 60, times: 1 });
    const startedAt = performance.now();
    const replies = await Promise.all(Array.from({ length: 20 }, () => bench.pay("k")));
    const tookMs = performance.now() - startedAt;

    expect(new Set(replies.map(({ body }) => body["id"])).size).toBe(1);
    expect(replies.filter(({ headers }) => headers["idempotency-replayed"] === undefined)).toHaveLength(1);
    expect((await bench.ledger()).charges).toHaveLength(1);
    expect(tookMs).toBeGreaterThan(55);
  });

  test("with another body is refused with 422 and not charged", async () => {
    await bench.pay("k", { amount: 1, currency: "EUR" });

    expect((await bench.pay("k", { amount: 2, currency: "EUR" })).status).toBe(422);
    expect((await bench.ledger()).charges).toHaveLength(1);
  });

  test("with the same fields in another order is the same payment", async () => {
    await bench.pay("k", { amount: 1, currency: "EUR" });

    expect((await bench.pay("k", { currency: "EUR", amount: 1.0 })).status).toBe(201);
  });

  test("of a payment that was refused is free for the next try", async () => {
    await bench.order("gateway", { kind: "error", status: 503, times: 1 });
    expect((await bench.pay("k")).status).toBe(503);

    expect((await bench.pay("k")).status).toBe(201);
    expect(await bench.ledger()).toMatchObject({ charges: [{}], keys: [{ key: "k", timesSeen: 2 }] });
  });

  test("without one, each payment is a charge", async () => {
    await bench.pay();
    await bench.pay();

    expect(await bench.ledger()).toMatchObject({ charges: [{ idempotencyKey: null }, {}], keys: [], requests: 2 });
  });
});

describe("the list of payments", () => {
  test("is read page by page, oldest first, each payment once", async () => {
    for (let amount = 1; amount <= 5; amount++) await bench.pay(undefined, { amount, currency: "EUR" });
    const { gateway } = bench.sandbox;
    const amounts: unknown[][] = [];

    for (let next: string | null = "/v1/payments?limit=2"; next !== null; ) {
      const page = await bench.send(gateway.url + next, { headers: bearer(gateway.apiKey) });
      amounts.push((page.body["data"] as { amount: number }[]).map(({ amount }) => amount));
      next = /<(.*)>; rel="next"/.exec(String(page.headers["link"]))?.[1] ?? null;
    }

    expect(amounts).toEqual([[1, 2], [3, 4], [5]]);
  });

  test.each(["limit=0", "limit=101", "limit=x", "after=pay_nobody"])("refuses %s", async (query) => {
    const { gateway } = bench.sandbox;

    expect((await bench.send(`${gateway.url}/v1/payments?${query}`, { headers: bearer(gateway.apiKey) })).status).toBe(
      400,
    );
  });
});

test("health needs no key and is not counted", async () => {
  expect(await bench.send(`${bench.sandbox.gateway.url}/health`)).toMatchObject({
    status: 200,
    body: { status: "pass" },
  });
  expect((await bench.ledger()).requests).toBe(0);
});

test("a cleared ledger has forgotten the keys too, and no id is used again", async () => {
  const before = await bench.pay("k");

  await bench.send(`${bench.sandbox.gateway.url}/__ledger`, { method: "DELETE" });

  expect(await bench.ledger()).toEqual({ charges: [], keys: [], requests: 0 });
  expect((await bench.pay("k")).body["id"]).not.toBe(before.body["id"]);
});
