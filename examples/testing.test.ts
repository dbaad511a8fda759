/**
 * Tests of code that calls a service, without a network: `node --test examples/testing.test.ts`. The last one plays a
 * recording, and makes it first from the real service: it wants PAYMENT_GATEWAY_URL and PAYMENT_GATEWAY_API_KEY.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import { test } from "node:test";
import { isServiceConnectionError, isServiceResponseError, RESTService, silentLogger } from "hawser";
import { cassette, contains, mockTransport, sse } from "hawser/testing";
import { z } from "zod";

const Payment = z.object({ id: z.string(), amount: z.number(), currency: z.string() });

class PaymentGatewayClient extends RESTService {
  createPayment(amount: number, currency: string) {
    return this.postJson("/payments", { json: { amount, currency }, schema: Payment });
  }

  prices() {
    return this.events("/prices", { schema: z.object({ price: z.number() }) });
  }
}

const options = { baseUrl: "https://payments.example", idempotency: true, logger: silentLogger };

await test("a payment is created", async () => {
  await using mock = mockTransport();
  mock
    .on("POST", "/payments", { body: contains({ currency: "EUR" }), schema: Payment })
    .reply(200, { id: "pay_1", amount: 12.5, currency: "EUR" });

  await using payments = await new PaymentGatewayClient({ ...options, dispatcher: mock }).connect();
  const payment = await payments.createPayment(12.5, "EUR");

  assert.equal(payment.id, "pay_1");
  assert.deepEqual(mock.calls("POST", "/payments")[0]?.body, { amount: 12.5, currency: "EUR" });
});

await test("a payment is made once, though the connection breaks and the gateway is busy", async () => {
  await using mock = mockTransport();
  mock
    .on("POST", "/payments")
    .sequence([
      { fail: "reset" },
      { status: 503, headers: { "retry-after": "0" } },
      ({ body }) => ({ status: 200, body: { id: "pay_1", ...(body as object) } }),
    ]);

  await using payments = await new PaymentGatewayClient({ ...options, dispatcher: mock }).connect();
  await payments.createPayment(12.5, "EUR");

  const keys = mock.history.map(({ headers }) => headers["idempotency-key"]);
  assert.equal(keys.length, 3);
  assert.equal(new Set(keys).size, 1);
});

await test("a gateway that is down and one that declines are told apart", async () => {
  await using mock = mockTransport();
  mock.on("POST", "/payments", { body: contains({ amount: 1 }) }).reply(402, { title: "declined" });
  mock.on("POST", "/payments").fail("refused").persist();

  await using payments = await new PaymentGatewayClient({ ...options, retry: false, dispatcher: mock }).connect();
  await assert.rejects(
    payments.createPayment(1, "EUR"),
    (error) => isServiceResponseError(error) && error.status === 402,
  );
  await assert.rejects(payments.createPayment(2, "EUR"), isServiceConnectionError);
});

await test("prices come as they are sent", async () => {
  await using mock = mockTransport();
  mock.on("GET", "/prices").reply(200, sse([{ data: { price: 1 } }, { data: { price: 2 } }], { staysOpen: true }));

  await using payments = await new PaymentGatewayClient({ ...options, dispatcher: mock }).connect();
  const prices: number[] = [];
  for await (const { data } of payments.prices()) {
    if (prices.push(data.price) === 2) break;
  }
  assert.deepEqual(prices, [1, 2]);
});

// The bodies and statuses of a document, from the types that openapi-typescript makes of it.
interface paths {
  "/payments/{id}": {
    get: { responses: { 200: { content: { "application/json": { id: string; amount: number } } } } };
  };
}

await test("a mock is checked by the types of the document", async () => {
  await using mock = mockTransport<paths>({ basePath: "/v1" });
  mock.on("GET", "/payments/{id}").reply(200, ({ params }) => ({ id: params.id, amount: 12.5 }));

  await using payments = await new PaymentGatewayClient({
    ...options,
    endpointBase: "/v1",
    dispatcher: mock,
  }).connect();
  assert.deepEqual(await payments.getJson("/payments/pay_1"), { id: "pay_1", amount: 12.5 });
});

await test("a recording of the real gateway is made once, and holds no secret", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-testing-"));
  const file = join(folder, "payments.json");
  const { PAYMENT_GATEWAY_URL: baseUrl = "", PAYMENT_GATEWAY_API_KEY: apiKey = "" } = env;

  for (const mode of ["record", "replay"] as const) {
    await using tape = cassette({ file, mode });
    await using payments = await new PaymentGatewayClient({
      baseUrl,
      apiKey,
      endpointBase: "/v1",
      logger: silentLogger,
      dispatcher: tape,
    }).connect();
    const { id } = await payments.createPayment(12.5, "EUR");
    assert.match(id, /^pay_/);
  }

  assert.ok(!readFileSync(file, "utf8").includes(apiKey));
  rmSync(folder, { recursive: true });
});
