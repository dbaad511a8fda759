import { silentLogger } from "hawser";
import { afterAll, expect, test } from "vitest";
import { buildApp } from "./app.ts";
import { services } from "./services.ts";

// The application starts its services: in a scope of its own, with settings of its own. Calls go to fakes.
const env = { PAYMENT_GATEWAY_URL: "https://gateway.example" };
const app = await buildApp({ services: services.scope({ env, logger: silentLogger }) });
afterAll(async () => app.close());

async function pay(amount: number): Promise<unknown> {
  const answer = await app.inject({ method: "POST", url: "/payments", payload: { amount, currency: "EUR" } });
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
  const answer = await app.inject({ method: "POST", url: "/payments", payload: { currency: "EUR" } });
  expect(answer.statusCode).toBe(400);
});
