import { Injectable, Logger, Optional } from "@nestjs/common";
import { type RESTService, withoutDeadline } from "hawser";
import { InjectService } from "hawser/nestjs";
import { type Payment, PaymentGatewayClient } from "./services.ts";

@Injectable()
export class PaymentsService {
  private readonly logger = new Logger(PaymentsService.name);

  constructor(
    private readonly gateway: PaymentGatewayClient,
    @Optional() @InjectService("notificationService") private readonly notifications?: RESTService,
  ) {}

  async pay(amount: number, currency: string): Promise<Payment> {
    const payment = await this.gateway.createPayment(amount, currency);
    // The customer does not wait for it, so it does not end with the request.
    withoutDeadline(() => void this.notify(payment));
    return payment;
  }

  private async notify({ id }: Payment): Promise<void> {
    try {
      await this.notifications?.post("/notifications", { json: { paymentId: id, channel: "email" } });
    } catch (error) {
      this.logger.warn(`no notification of ${id}: ${String(error)}`);
    }
  }
}
