/**
 * Work that goes on after the answer: the payment is answered at once, the notification follows.
 *
 * Wants PAYMENT_GATEWAY_URL, PAYMENT_GATEWAY_API_KEY, NOTIFICATION_SERVICE_URL and NOTIFICATION_SERVICE_API_KEY.
 */
import Fastify from "fastify";
import { defineServices, rest, withoutDeadline } from "hawser";
import { hawser } from "hawser/fastify";

const services = defineServices({
  paymentGateway: rest({ endpointBase: "/v1", idempotency: true }),
  notificationService: rest({ idempotency: true }),
});
const notifications = services.provider("notificationService");

async function sendNotification(paymentId: string): Promise<void> {
  await notifications().postJson("/notify", { json: { paymentId }, idempotencyKey: `notify-${paymentId}` });
}

const app = Fastify();
await app.register(hawser, { services, requestTimeoutMs: 5_000 });

const background = new Set<Promise<void>>();

app.post<{ Body: { amount: number } }>("/payments", async (request, reply) => {
  const json = { amount: request.body.amount, currency: "USD" };
  const payment = (await services.get("paymentGateway").post("/payments", { json })).unsafeJson<{ id: string }>();

  // Out of the request's deadline and signal: the customer who leaves must not cancel it.
  const task = withoutDeadline(() => sendNotification(payment.id)).catch((error: unknown) => app.log.error(error));
  background.add(task);
  void task.finally(() => background.delete(task));

  return reply.code(201).send(payment);
});

const answer = await app.inject({ method: "POST", url: "/payments", payload: { amount: 25 } });
await Promise.all(background);
console.log(`answered ${answer.statusCode}, notified ${answer.json<{ id: string }>().id}`);
await app.close();
