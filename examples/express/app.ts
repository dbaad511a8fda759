import express, { type Express } from "express";
import { healthAnswer } from "hawser";
import { answerErrors, hawser } from "hawser/express";
import { z } from "zod";
import type { Services } from "./services.ts";

const Order = z.object({ amount: z.number(), currency: z.string() });

export function buildApp({ services }: { services: Services }): Express {
  const app = express();
  app.use(hawser({ services, requestTimeoutMs: 10_000 }));
  app.use(express.json());

  app.post("/payments", async (request, response) => {
    const order = Order.safeParse(request.body);
    if (!order.success) {
      response.status(400).json({ error: "amount must be a number, and currency a string" });
      return;
    }
    const { amount, currency } = order.data;
    response.json(await request.services.get("paymentGateway").createPayment(amount, currency));
  });

  app.get("/health", async (request, response) => {
    const { status, headers, body } = healthAnswer(await request.services.health());
    response.status(status).set(headers).send(body);
  });

  // After the routes. An error of the gateway is answered with 502, 503 or 504.
  app.use(answerErrors());
  return app;
}
