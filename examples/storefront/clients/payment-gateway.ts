import { isServiceResponseError, RESTService } from "hawser";
import { z } from "zod";

const Payment = z.object({
  id: z.string(),
  amount: z.number(),
  currency: z.string(),
  reference: z.string().nullable(),
  status: z.string(),
  createdAt: z.string(),
});

/** A payment as the gateway tells it. */
export type Payment = z.infer<typeof Payment>;

/** What a customer wants to pay. */
export interface Order {
  readonly amount: number;
  readonly currency: string;
  readonly reference?: string | undefined;
}

/** The payment gateway. */
export class PaymentGatewayClient extends RESTService {
  /** Charges once for one key, however often it is asked, by Hawser's retries or by the customer. */
  createPayment(order: Order, idempotencyKey: string): Promise<Payment> {
    return this.postJson("/payments", { json: order, schema: Payment, idempotencyKey });
  }

  /** A payment, or undefined where the gateway knows none with this id. */
  async findPayment(id: string): Promise<Payment | undefined> {
    try {
      return await this.getJson("/payments/{id}", { path: { id }, schema: Payment });
    } catch (error) {
      if (isServiceResponseError(error) && error.status === 404) return undefined;
      throw error;
    }
  }
}
