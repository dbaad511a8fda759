import { defineServices, RESTService, rest } from "hawser";
import { z } from "zod";

const Payment = z.object({ id: z.string(), amount: z.number(), currency: z.string() });
export type Payment = z.infer<typeof Payment>;

/** The payment gateway: PAYMENT_GATEWAY_URL and PAYMENT_GATEWAY_API_KEY say where it is. */
export class PaymentGatewayClient extends RESTService {
  createPayment(amount: number, currency: string): Promise<Payment> {
    return this.postJson("/payments", { json: { amount, currency }, schema: Payment });
  }
}

export const services = defineServices({
  paymentGateway: rest(PaymentGatewayClient, { endpointBase: "/v1", idempotency: true }),
  // Left out where NOTIFICATION_SERVICE_URL is not set.
  notificationService: rest({ optional: true, idempotency: true }),
});

declare module "hawser" {
  interface Register {
    services: typeof services;
  }
}
