/**
 * A REST service client and the route that uses it.
 *
 * Wants PAYMENT_GATEWAY_URL and PAYMENT_GATEWAY_API_KEY.
 */
import Fastify from "fastify";
import { defineServices, isServiceResponseError, RESTService, rest } from "hawser";
import { hawser } from "hawser/fastify";
import { z } from "zod";

const Payment = z.object({ id: z.string(), amount: z.number(), currency: z.string(), status: z.string() });

export class PaymentGatewayClient extends RESTService {
  createPayment(amount: number, currency: string) {
    return this.postJson("/payments", { json: { amount, currency }, schema: Payment });
  }

  async findPayment(id: string) {
    try {
      return await this.getJson("/payments/{id}", { path: { id }, schema: Payment });
    } catch (error) {
      if (isServiceResponseError(error) && error.status === 404) return undefined;
      throw error;
    }
  }
}

const services = defineServices({
  paymentGateway: rest(PaymentGatewayClient, { endpointBase: "/v1", idempotency: true }),
});

const app = Fastify();
await app.register(hawser, { services });

app.post<{ Body: { amount: number } }>("/payments", async (request, reply) => {
  const payment = await services.get("paymentGateway").createPayment(request.body.amount, "USD");
  return reply.code(201).send(payment);
});

app.get<{ Params: { id: string } }>("/payments/:id", async (request, reply) => {
  const payment = await services.get("paymentGateway").findPayment(request.params.id);
  return payment ?? reply.code(404).send({ title: "no such payment" });
});

// Instead of listening, the example calls itself and ends.
const created = await app.inject({ method: "POST", url: "/payments", payload: { amount: 100 } });
const { id } = created.json<{ id: string }>();
const found = await app.inject(`/payments/${id}`);
const missing = await app.inject("/payments/nobody");
console.log(created.statusCode, found.statusCode, missing.statusCode);
await app.close();
