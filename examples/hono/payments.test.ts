import { expect, test } from "vitest";
import { buildApp } from "./app.ts";
import { services } from "./services.ts";

// Fakes need no start, no settings and no network: the services are left as they are.
const app = buildApp({ services });

async function pay(amount: number): Promise<unknown> {
  const answer = await app.request("/payments", { method: "POST", body: JSON.stringify({ amount, currency: "EUR" }) });
  return answer.json();
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
  expect((await app.request("/payments", { method: "POST", body: "{}" })).status).toBe(400);
});
