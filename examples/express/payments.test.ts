import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { closeServer } from "hawser/express";
import { expect, test } from "vitest";
import { buildApp } from "./app.ts";
import { services } from "./services.ts";

// Fakes need no start, no settings and no network: the services are left as they are.
const app = buildApp({ services });

/** Listens where it is called: within `with`, the handlers see its fakes. */
async function post(order: object): Promise<Response> {
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const headers = { "content-type": "application/json" };
    return await fetch(`http://127.0.0.1:${port}/payments`, { method: "POST", headers, body: JSON.stringify(order) });
  } finally {
    await closeServer(server);
  }
}

async function pay(amount: number): Promise<unknown> {
  return (await post({ amount, currency: "EUR" })).json();
}

test("a payment is made with the gateway", async () => {
  const createPayment = async (amount: number, currency: string) => ({ id: "p1", amount, currency });
  const answer = await services.with({ paymentGateway: { createPayment } }, () => pay(12.5));
  expect(answer).toEqual({ id: "p1", amount: 12.5, currency: "EUR" });
});

test("tests side by side have a gateway each", async () => {
  const paidWith = (id: string) => {
    const createPayment = async (amount: number, currency: string) => ({ id, amount, currency });
    return services.with({ paymentGateway: { createPayment } }, () => pay(5));
  };
  expect(await Promise.all([paidWith("one"), paidWith("two")])).toMatchObject([{ id: "one" }, { id: "two" }]);
});

test("an order without an amount is refused, and nobody is asked", async () => {
  expect((await post({ currency: "EUR" })).status).toBe(400);
});
