import { RESTService } from "hawser";

/** The service that tells customers about their payments. */
export class NotificationClient extends RESTService {
  /** Asked twice for the same payment, it is sent once. */
  async notifyOfPayment(paymentId: string): Promise<void> {
    await this.post("/notify", { json: { paymentId }, idempotencyKey: `notify-${paymentId}` });
  }
}
