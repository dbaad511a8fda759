import type { INestApplication } from "@nestjs/common";
import { Test } from "@nestjs/testing";
import { serviceToken } from "hawser/nestjs";
import { expect, test, vi } from "vitest";
import { AppModule } from "./app.module.ts";
import { PaymentsService } from "./payments.service.ts";
import { PaymentGatewayClient, services } from "./services.ts";

/** The whole application, with this in the place of the gateway. It needs no settings and no network. */
async function appWith(gateway: Partial<PaymentGatewayClient>): Promise<INestApplication> {
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(PaymentGatewayClient)
    .useValue(gateway)
    .overrideProvider(serviceToken("notificationService"))
    .useValue({ post: async () => undefined })
    .compile();
  const app = module.createNestApplication();
  await app.listen(0, "127.0.0.1");
  return app;
}

async function pay(app: INestApplication, amount: number): Promise<unknown> {
  const answer = await fetch(`${await app.getUrl()}/payments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ amount, currency: "EUR" }),
  });
  return answer.json();
}

test("applications with fakes of their own run side by side", async () => {
  const [one, two] = await Promise.all(
    ["one", "two"].map((id) => appWith({ createPayment: async (amount, currency) => ({ id, amount, currency }) })),
  );
  if (one === undefined || two === undefined) throw new Error("there are two");
  try {
    expect(await Promise.all([pay(one, 1), pay(two, 2)])).toEqual([
      { id: "one", amount: 1, currency: "EUR" },
      { id: "two", amount: 2, currency: "EUR" },
    ]);
  } finally {
    await Promise.all([one.close(), two.close()]);
  }
});

test("what was injected can be replaced for one piece of work, beside others", async () => {
  vi.stubEnv("PAYMENT_GATEWAY_URL", "https://gateway.example");
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const paidWith = (id: string) =>
    services.with({ paymentGateway: { createPayment: async (amount, currency) => ({ id, amount, currency }) } }, () =>
      module.get(PaymentsService).pay(5, "EUR"),
    );
  try {
    expect(await Promise.all([paidWith("one"), paidWith("two")])).toEqual([
      { id: "one", amount: 5, currency: "EUR" },
      { id: "two", amount: 5, currency: "EUR" },
    ]);
  } finally {
    await module.close();
    vi.unstubAllEnvs();
  }
});
