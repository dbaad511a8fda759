import { describe, expect, test } from "vitest";
import type { Tick } from "../../examples/storefront/clients/price-feed.ts";
import { streamTicks } from "../../examples/storefront/routes/prices.ts";
import { eventually } from "../sandbox/bench.ts";
import { openStorefront, order } from "./storefront-bench.ts";

test("a payment is charged at the gateway, and the customer is notified in the background", async () => {
  await using shop = await openStorefront();
  const paid = await shop.pay({ ...order, reference: "order-1" });

  expect(paid.status).toBe(201);
  expect(paid.headers.get("location")).toBe(`/payments/${String(paid.body["id"])}`);
  expect((await shop.far.ledger()).charges).toMatchObject([
    { id: paid.body["id"], amount: 12.5, reference: "order-1" },
  ]);
  await eventually(async () => (await shop.far.sent()).sent).toMatchObject([{ paymentId: paid.body["id"] }]);
});

test("a payment can be looked up; one that nobody made is 404", async () => {
  await using shop = await openStorefront();
  const { body } = await shop.pay();

  expect(await shop.get(`/payments/${String(body["id"])}`)).toMatchObject({ status: 200, body });
  const missing = await shop.get("/payments/pay_999");
  expect(missing).toMatchObject({ status: 404, body: { title: "Not found" } });
  expect(missing.headers.get("content-type")).toContain("application/problem+json");
});

test.each([
  ["the customer's own key", order, { "idempotency-key": "key-1" }, "key-1"],
  ["the reference of the order", { ...order, reference: "A1" }, {}, "order-A1"],
])("who repeats an order under %s does not pay twice", async (_under, body, headers, key) => {
  await using shop = await openStorefront();
  const first = await shop.pay(body, headers);
  const second = await shop.pay(body, headers);

  expect(first.headers.get("idempotency-key")).toBe(key);
  expect(second.body).toEqual(first.body);
  expect((await shop.far.ledger()).charges).toHaveLength(1);
});

test("two orders without a key or a reference are two payments", async () => {
  await using shop = await openStorefront();
  await shop.pay();
  await shop.pay();

  expect((await shop.far.ledger()).charges).toHaveLength(2);
});

test("a key that came with another order is 422, and charges nothing", async () => {
  await using shop = await openStorefront();
  await shop.pay(order, { "idempotency-key": "key-1" });
  const other = await shop.pay({ ...order, amount: 99 }, { "idempotency-key": "key-1" });

  expect(other).toMatchObject({ status: 422, body: { title: "Idempotency-Key reused" } });
  expect((await shop.far.ledger()).charges).toHaveLength(1);
});

test.each([
  ["an amount of 0", { ...order, amount: 0 }, {}, 400],
  ["a currency that is none", { ...order, currency: "euro" }, {}, 400],
  ["an unknown field", { ...order, tip: 1 }, {}, 400],
  ["no JSON", "{", {}, 400],
  ["another content type", "amount=1", { "content-type": "application/x-www-form-urlencoded" }, 415],
  ["a key with a space", order, { "idempotency-key": "a b" }, 400],
])("%s is refused with a problem document, and nothing is sent", async (_what, body, headers, status) => {
  await using shop = await openStorefront();
  const refused = await shop.pay(body, headers);

  expect(refused).toMatchObject({ status, body: { status, detail: expect.any(String) } });
  expect(refused.headers.get("content-type")).toContain("application/problem+json");
  expect((await shop.far.ledger()).requests).toBe(0);
});

test.each([
  [{ kind: "error", status: 500 }, 502, "unknown"],
  [{ kind: "error", status: 503 }, 503, "rejected"],
  [{ kind: "reset-after-read" }, 502, "unknown"],
  [{ kind: "refused" }, 503, "not-sent"],
  [{ kind: "stalled-body" }, 504, "unknown"],
])("where every attempt meets %o, the customer gets %i with outcome %s", async (fault, status, outcome) => {
  await using shop = await openStorefront();
  await shop.far.order("gateway", fault);
  const answer = await shop.pay();

  expect(answer).toMatchObject({ status, body: { status, outcome, attempts: 4 } });
  expect(answer.headers.has("retry-after")).toBe(status === 503);
});

test("a gateway that asks for a long pause is 503 with its Retry-After, at once", async () => {
  await using shop = await openStorefront();
  await shop.far.order("gateway", { kind: "rate-limit", retryAfterS: 60 });
  const answer = await shop.pay();

  expect(answer).toMatchObject({ status: 503, body: { outcome: "rejected", attempts: 1 } });
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(55);
});

test("a problem says nothing of our inside", async () => {
  await using shop = await openStorefront();
  await shop.far.order("gateway", { kind: "error", status: 500, body: { stack: "at secret.js:1" } });
  const text = JSON.stringify((await shop.pay()).body);

  expect(text).not.toMatch(/127\.0\.0\.1|\/v1|paymentGateway|sandbox|secret|node_modules/);
});

test("charged and never answered: the customer learns that it is unknown, repeats, and has paid once", async () => {
  await using shop = await openStorefront();
  await shop.far.order("gateway", { kind: "reset-after-read", times: 4 });
  const unknown = await shop.pay();
  const key = unknown.headers.get("idempotency-key") ?? "";
  const paid = await shop.pay(order, { "idempotency-key": key });

  expect(unknown.body["outcome"]).toBe("unknown");
  expect(paid.status).toBe(201);
  expect(await shop.far.ledger()).toMatchObject({ charges: [{ id: paid.body["id"] }], keys: [{ key, timesSeen: 5 }] });
});

test("a notification that fails is counted, and the payment stands", async () => {
  await using shop = await openStorefront();
  await shop.far.order("notifications", { kind: "error", status: 503 });

  expect((await shop.pay()).status).toBe(201);
  await eventually(() => shop.storefront.background.counts).toEqual({ running: 0, done: 0, failed: 1 });
});

test("closing waits for a notification that is under way", async () => {
  await using shop = await openStorefront();
  await shop.far.order("notifications", { kind: "latency", ms: 150 });
  await shop.pay();
  await shop.storefront.app.close();

  expect(shop.storefront.background.counts).toEqual({ running: 0, done: 1, failed: 0 });
});

test("closing cuts off what does not end by itself", async () => {
  await using shop = await openStorefront();
  await shop.pay();
  await shop.far.order("notifications", { kind: "stalled-body" });
  await shop.pay();
  await shop.far.order("gateway", { kind: "latency", ms: 60_000 });
  await shop.far.order("feed", { kind: "black-hole" });
  const stream = await fetch(`${shop.url}/prices/stream`);
  const ended = stream.text();
  const cut = shop.pay().catch((error: Error) => error.message);
  await eventually(async () => (await shop.far.ledger()).charges).toHaveLength(3);

  await shop.storefront.app.close();

  expect(await cut).toBe("fetch failed");
  await ended;
});

test("the latest prices are told with the number of the last tick", async () => {
  await using shop = await openStorefront();

  await eventually(async () => Object.keys((await shop.get("/prices")).body["prices"] as object).toSorted()).toEqual([
    "EURUSD",
    "GBPUSD",
    "USDCHF",
    "USDJPY",
  ]);
  expect((await shop.get("/prices")).body["lastSeq"]).toBeGreaterThan(3);
});

test("a reader of the price stream gets every tick in order, and as many as asked for", async () => {
  await using shop = await openStorefront();
  const response = await fetch(`${shop.url}/prices/stream?ticks=5`);
  const ids = [...(await response.text()).matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

  expect(response.headers.get("content-type")).toBe("text/event-stream");
  expect(ids).toEqual(Array.from({ length: 5 }, (_, index) => (ids[0] ?? 0) + index));
});

test("the price stream goes on where it was when the feed is cut", async () => {
  await using shop = await openStorefront();
  const response = await fetch(`${shop.url}/prices/stream?ticks=40`);
  await shop.far.order("feed", { kind: "drop" });
  const ids = [...(await response.text()).matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

  expect(ids).toEqual(Array.from({ length: 40 }, (_, index) => (ids[0] ?? 0) + index));
  expect((await shop.far.feed()).accepted).toBe(2);
});

describe("a reader of the price stream", () => {
  /** A reader, the feed that it reads, and what was done to the reader. */
  const stream = (limit?: number) => {
    const done: string[] = [];
    let listener: ((tick: Tick) => void) | undefined;
    const reader = {
      writableLength: 0,
      write: () => done.push("write") > 0,
      end: () => done.push("end"),
      destroy: () => done.push("destroy"),
      once: () => undefined,
    };
    const feed: Parameters<typeof streamTicks>[0] = {
      onTick(added) {
        listener = added;
        return () => (listener = undefined);
      },
    };
    const end = streamTicks(feed, reader as unknown as Parameters<typeof streamTicks>[1], limit);
    const tick = () => listener?.({ type: "tick", seq: 1, symbol: "EURUSD", price: 1, at: "" });
    return { reader, done, end, tick };
  };

  test("who does not read is sent away rather than kept in memory", () => {
    const { reader, done, tick } = stream();
    tick();
    reader.writableLength = 64 * 1024 + 1;
    tick();
    tick();

    expect(done).toEqual(["write", "destroy"]);
  });

  test("is sent nothing after the last tick that it asked for", () => {
    const { done, tick } = stream(2);
    for (let count = 1; count <= 4; count++) tick();

    expect(done).toEqual(["write", "write", "end"]);
  });

  test("is sent nothing after the end, however long it takes to close", () => {
    const { done, end, tick } = stream();
    end();
    tick();

    expect(done).toEqual(["end"]);
  });

  test.each(["0", "many", "1.5"])("who asks for %s ticks is told what to ask for", async (ticks) => {
    await using shop = await openStorefront();

    expect(await shop.get(`/prices/stream?ticks=${ticks}`)).toMatchObject({
      status: 400,
      body: { title: "Bad query" },
    });
  });
});

test("health is 200 while what the shop cannot do without is usable, and 503 when the gateway is not", async () => {
  await using shop = await openStorefront();
  expect(await shop.get("/health")).toMatchObject({ status: 200, body: { status: "pass" } });

  await shop.far.order("notifications", { kind: "refused" });
  await eventually(() => shop.get("/health")).toMatchObject({
    status: 200,
    body: { status: "warn", services: { notificationService: { status: "fail" }, paymentGateway: { status: "pass" } } },
  });

  await shop.far.order("gateway", { kind: "refused" });
  await eventually(() => shop.get("/health")).toMatchObject({
    status: 503,
    body: { status: "fail", services: { paymentGateway: { status: "fail" } } },
  });
});

test("the status tells what went on at each service, without our own health checks", async () => {
  await using shop = await openStorefront();
  await shop.far.order("gateway", { kind: "error", status: 503, times: 1, method: "POST" });
  await shop.get("/health");
  await shop.pay();
  await eventually(() => shop.storefront.background.counts.done).toBe(1);
  const { body } = await shop.get("/status");

  expect(body).toMatchObject({
    status: "pass",
    services: [
      { name: "paymentGateway", status: "pass", calls: 1, retries: 1, failures: 0, recent: [{ attempts: 2 }] },
      { name: "notificationService", status: "pass", calls: 1, retries: 0 },
      { name: "realtime", status: "pass", state: "open", reconnects: 0 },
    ],
    feed: { state: "open", lastSeq: expect.any(Number) },
    notifications: { done: 1, failed: 0, running: 0 },
  });
});

test("the status page needs nothing from elsewhere", async () => {
  await using shop = await openStorefront();
  const { status, headers, body } = await shop.get("/");

  expect(status).toBe(200);
  expect(headers.get("content-security-policy")).toContain("default-src 'self'");
  expect(String(body["text"])).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
});
