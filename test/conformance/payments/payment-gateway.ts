import { type RequestOptions, RESTService } from "hawser";
import { z } from "zod";
import type { AttemptNote } from "./books.ts";
import type { Order } from "./order.ts";

const Payment = z.object({ id: z.string(), reference: z.string(), amount: z.number(), currency: z.string() });

/** The payment gateway, as the shop uses it. */
export class PaymentGateway extends RESTService {
  /** Charges once for one key. `requestId` names this call and goes with all its attempts. */
  async pay(
    order: Order,
    call: Pick<RequestOptions, "deadlineMs" | "maxRetries"> & {
      readonly idempotencyKey: string;
      readonly requestId: string;
    },
  ): Promise<{ readonly paymentId: string; readonly attempts: readonly AttemptNote[] }> {
    const { requestId, ...options } = call;
    const headers = { "x-request-id": requestId };
    const response = await this.post("/payments", { ...options, json: order, headers });
    const { id } = await response.json(Payment);
    return { paymentId: id, attempts: response.attempts };
  }
}
