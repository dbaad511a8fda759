import { defineServices, RESTService, rest } from "hawser";
import { z } from "zod";

const Payment = z.object({ id: z.string(), amount: z.number(), currency: z.string() });

class PaymentGatewayClient extends RESTService {
  createPayment(amount: number, currency: string) {
    return this.postJson("/payments", { json: { amount, currency }, schema: Payment });
  }
}

const services = defineServices({
  paymentGateway: rest(PaymentGatewayClient, { endpointBase: "/v1", idempotency: true }),
});

await services.start(); // reads PAYMENT_GATEWAY_URL, PAYMENT_GATEWAY_API_KEY, PAYMENT_GATEWAY_TIMEOUT …
const payment = await services.get("paymentGateway").createPayment(12.5, "EUR");
console.log(`${payment.id}: ${payment.amount} ${payment.currency}`);
await services.stop();
