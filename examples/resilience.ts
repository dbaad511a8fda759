/**
 * A client with its own numbers for the pipeline: it prints what holds, and why a call failed.
 *
 * Wants PAYMENT_GATEWAY_URL and PAYMENT_GATEWAY_API_KEY.
 */
import { defineServices, isExternalServiceError, RESTService, rest } from "hawser";

class PaymentGatewayClient extends RESTService {
  find(id: string) {
    return this.getJson("/payments/{id}", { path: { id } });
  }
}

const services = defineServices({
  paymentGateway: rest(PaymentGatewayClient, {
    endpointBase: "/v1",
    idempotency: true,
    retry: { maxRetries: 2, budget: { successRatio: 0.7 } },
    rateLimit: { limit: 50, perMs: 1_000 },
    circuitBreaker: { failureRatio: 0.6, openMs: 2_000 },
    concurrency: { limit: 20, maxQueued: 200, queueTimeoutMs: 2_000 },
    hedge: true,
    coalesce: true,
  }),
});

await services.start();
const gateway = services.get("paymentGateway");
console.log(String(gateway.describe()));

try {
  await gateway.find("nobody");
} catch (error) {
  if (isExternalServiceError(error)) console.log(String(gateway.explain(error)));
}
await services.stop();
