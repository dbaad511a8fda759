import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { BackgroundWork } from "../background.ts";
import type { Order } from "../clients/payment-gateway.ts";
import { sendProblem } from "../problems.ts";

const OrderBody = z.strictObject({
  amount: z.number().positive(),
  currency: z.string().regex(/^[A-Z]{3}$/, "must be three capital letters"),
  reference: z.string().min(1).max(100).optional(),
});
const Key = z.string().regex(/^[!-~]{1,255}$/);

/** `POST /payments` and `GET /payments/:id`. */
export function addPaymentRoutes(app: FastifyInstance, background: BackgroundWork): void {
  app.post("/payments", async (request, reply) => {
    const order = OrderBody.safeParse(request.body);
    if (!order.success) {
      return sendProblem(reply, { title: "Bad order", status: 400, detail: z.prettifyError(order.error) });
    }
    const key = Key.safeParse(idempotencyKeyFor(request, order.data));
    if (!key.success) {
      const detail = "Idempotency-Key and reference take 1 to 255 printable ASCII characters without spaces.";
      return sendProblem(reply, { title: "Bad key", status: 400, detail });
    }
    // Also with an error: who sent no key learns here under which one to repeat.
    reply.header("idempotency-key", key.data);

    const payment = await app.services.get("paymentGateway").createPayment(order.data, key.data);

    // The customer does not wait for it, and may leave.
    background.run(() => app.services.get("notificationService").notifyOfPayment(payment.id));

    return reply.code(201).header("location", `/payments/${payment.id}`).send(payment);
  });

  app.get<{ Params: { id: string } }>("/payments/:id", async (request, reply) => {
    const payment = await app.services.get("paymentGateway").findPayment(request.params.id);
    if (payment !== undefined) return payment;
    return sendProblem(reply, { title: "Not found", status: 404, detail: "There is no payment with this id." });
  });
}

/** The customer's own; else one for the order that is paid; else a fresh one, which makes our own retries safe. */
function idempotencyKeyFor(request: FastifyRequest, { reference }: Order): string {
  const given = request.headers["idempotency-key"];
  if (given !== undefined) return String(given);
  return reference === undefined ? randomUUID() : `order-${reference}`;
}
