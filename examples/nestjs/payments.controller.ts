import { BadRequestException, Body, Controller, Post } from "@nestjs/common";
import { PaymentsService } from "./payments.service.ts";
import type { Payment } from "./services.ts";

@Controller("payments")
export class PaymentsController {
  constructor(private readonly payments: PaymentsService) {}

  // Nothing is caught here: an error of the gateway is answered with 502, 503 or 504.
  @Post()
  pay(@Body() order: { amount?: unknown; currency?: unknown }): Promise<Payment> {
    if (typeof order.amount !== "number" || typeof order.currency !== "string") {
      throw new BadRequestException("amount must be a number, and currency a string");
    }
    return this.payments.pay(order.amount, order.currency);
  }
}
