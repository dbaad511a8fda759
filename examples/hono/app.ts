import { healthAnswer } from "hawser";
import { answerErrors, hawser } from "hawser/hono";
import { Hono } from "hono";
import { z } from "zod";
import type { Services } from "./services.ts";

const Order = z.object({ amount: z.number(), currency: z.string() });

export function buildApp({ services }: { services: Services }): Hono {
  const app = new Hono();
  app.use(hawser({ services, requestTimeoutMs: 10_000 }));
  // An error of the gateway is answered with 502, 503 or 504.
  app.onError(answerErrors());

  app.post("/payments", async (context) => {
    const order = Order.safeParse(await context.req.json().catch(() => undefined));
    if (!order.success) return context.json({ error: "amount must be a number, and currency a string" }, 400);
    const { amount, currency } = order.data;
    return context.json(await context.var.services.get("paymentGateway").createPayment(amount, currency));
  });

  app.get("/health", async (context) => {
    const { status, headers, body } = healthAnswer(await context.var.services.health());
    return context.body(body, status, headers);
  });

  return app;
}
