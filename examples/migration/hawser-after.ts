import { isServiceResponseError, RESTService } from "hawser";
import { z } from "zod";
import type { PaymentsClient } from "./payments-client.ts";

const Payment = z.object({ id: z.string(), amount: z.number(), currency: z.string() });

export class PaymentGateway extends RESTService implements PaymentsClient {
  async findPayment(id: string, signal?: AbortSignal) {
    try {
      return await this.getJson("/payments/{id}", { path: { id }, schema: Payment, signal });
    } catch (error) {
      if (isServiceResponseError(error) && error.status === 404) return undefined;
      throw error;
    }
  }

  createPayment(amount: number, currency: string) {
    return this.postJson("/payments", { json: { amount, currency }, schema: Payment });
  }

  listPayments(currency: string) {
    return this.getJson("/payments", { params: { currency }, schema: z.array(Payment) });
  }
}
