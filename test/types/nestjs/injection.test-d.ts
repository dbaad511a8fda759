// A program of its own, for it says what the services of the application are, and it has decorators. Compiled and never
// run: a line that must not compile says so above itself, and the compiler checks that it does not.
import { Injectable, Module } from "@nestjs/common";
import { defineServices, RESTService, rest } from "hawser";
import {
  type HawserHealthIndicator,
  HawserModule,
  type HawserSettings,
  InjectService,
  type ServiceName,
  serviceToken,
} from "hawser/nestjs";
import { expectTypeOf } from "vitest";

class PaymentGatewayClient extends RESTService {
  readonly #path = "/payments";
  createPayment(amount: number): Promise<unknown> {
    return this.postJson(this.#path, { json: { amount } });
  }
}
const services = defineServices({ paymentGateway: rest(PaymentGatewayClient), ledger: rest({ optional: true }) });

declare module "hawser" {
  interface Register {
    services: typeof services;
  }
}

expectTypeOf<ServiceName>().toEqualTypeOf<"paymentGateway" | "ledger">();

@Injectable()
export class Payments {
  @InjectService("ledger")
  readonly ledger!: RESTService;
  // @ts-expect-error: misspelt
  @InjectService("ledgers")
  readonly ledgers!: RESTService;

  constructor(
    @InjectService("paymentGateway") readonly payments: PaymentGatewayClient,
    // @ts-expect-error: misspelt
    @InjectService("paymentsGateway") readonly misspelt: PaymentGatewayClient,
  ) {}
}

serviceToken("ledger");
// @ts-expect-error: misspelt
serviceToken("ledgers");

HawserModule.forRoot({ services });
HawserModule.forRoot({ services, answerFor: false, loggerFor: () => undefined, env: { PAYMENT_GATEWAY_URL: "x" } });
// @ts-expect-error: there are no services
HawserModule.forRoot({});
// @ts-expect-error: misspelt
HawserModule.forRoot({ services, requestTimeout: 5 });
// @ts-expect-error: not a registry
HawserModule.forRoot({ services: { start: async () => undefined } });

class Config {
  readonly gatewayUrl: string = "https://gateway.example";
  readonly requestTimeoutMs: number = 5_000;
}
@Module({ providers: [Config], exports: [Config] })
class ConfigModule {}
HawserModule.forRootAsync({
  services,
  imports: [ConfigModule],
  inject: [Config],
  useFactory: (config: Config) => ({
    env: { PAYMENT_GATEWAY_URL: config.gatewayUrl },
    requestTimeoutMs: config.requestTimeoutMs,
  }),
});
// @ts-expect-error: what a factory makes are settings
HawserModule.forRootAsync({ services, useFactory: () => ({ requestTimeout: 5 }) satisfies HawserSettings });
// @ts-expect-error: it makes no settings
HawserModule.forRootAsync({ services, useClass: Config });

declare const health: HawserHealthIndicator;
expectTypeOf((await health.isHealthy("upstream")).upstream.status).toEqualTypeOf<"up" | "degraded" | "down">();
expectTypeOf((await health.isServiceHealthy("ledger")).ledger.state).toEqualTypeOf<string>();
// @ts-expect-error: misspelt
void health.isServiceHealthy("ledgers");
