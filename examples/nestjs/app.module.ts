import { Module } from "@nestjs/common";
import { TerminusModule } from "@nestjs/terminus";
import { HawserModule } from "hawser/nestjs";
import { HealthController } from "./health.controller.ts";
import { PaymentsController } from "./payments.controller.ts";
import { PaymentsService } from "./payments.service.ts";
import { services } from "./services.ts";

@Module({
  imports: [HawserModule.forRoot({ services, requestTimeoutMs: 10_000 }), TerminusModule],
  controllers: [PaymentsController, HealthController],
  providers: [PaymentsService],
})
export class AppModule {}
