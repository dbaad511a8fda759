import type { Type } from "@nestjs/common";
import { Test } from "@nestjs/testing";
import { describe, expect, test } from "vitest";
import { tokenOf } from "../../src/frameworks/nestjs-tokens.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import type { ServiceRegistry } from "../../src/registry/service-registry.ts";
import { httpServer } from "../support/http-server.ts";
import {
  appModule,
  controllerOf,
  holderOf,
  type Injected,
  injectable,
  injectedInto,
  options,
  PaymentGatewayClient,
  services,
  urlOf,
} from "./nestjs-bench.ts";

describe("overrideProvider", () => {
  const fake = { createPayment: async () => "fake" };
  const holder = holderOf(PaymentGatewayClient, tokenOf("paymentGateway"));
  const routes = (registry: ServiceRegistry): Type =>
    controllerOf({ pay: () => (registry.get("paymentGateway") as PaymentGatewayClient).createPayment(1) });

  test.each([
    ["the class", PaymentGatewayClient],
    ["the name", tokenOf("paymentGateway")],
  ])("of %s reaches every injection, and the registry within a request", async (_which, token) => {
    // Its URL is not set: nothing of this registry could be started.
    const registry = defineServices({ paymentGateway: rest(PaymentGatewayClient) }, options);
    const metadata = { providers: [holder], controllers: [routes(registry)] };
    const module = await Test.createTestingModule({ imports: [appModule({ services: registry }, metadata)] })
      .overrideProvider(token)
      .useValue(fake)
      .compile();
    const app = module.createNestApplication();
    const url = await urlOf(app);
    const clients = injectedInto(app, holder) as PaymentGatewayClient[];
    expect(await Promise.all(clients.map((client) => client.createPayment(1)))).toEqual(["fake", "fake"]);
    expect(await (await fetch(`${url}/pay`)).text()).toBe("fake");
    expect(() => registry.get("paymentGateway")).toThrow(/not started/);
    await app.close();
  });

  test.each([
    [
      "useClass",
      (builder: ReturnType<typeof overriding>) =>
        builder.useClass(
          injectable(
            class {
              createPayment = fake.createPayment;
            },
          ),
        ),
    ],
    ["useFactory", (builder: ReturnType<typeof overriding>) => builder.useFactory({ factory: async () => fake })],
  ])("with %s reaches every injection too", async (_which, override) => {
    const registry = defineServices({ paymentGateway: rest(PaymentGatewayClient) }, options);
    const module = await override(overriding(registry)).compile();
    const clients = module.get<Injected>(holder).all as PaymentGatewayClient[];
    expect(await Promise.all(clients.map((client) => client.createPayment(1)))).toEqual(["fake", "fake"]);
    await module.close();
  });

  const overriding = (registry: ServiceRegistry) =>
    Test.createTestingModule({
      imports: [appModule({ services: registry }, { providers: [holder] })],
    }).overrideProvider(PaymentGatewayClient);

  test("the services that are not replaced are started as ever", async () => {
    await using server = await httpServer();
    const registry = services(server.url);
    const module = await Test.createTestingModule({ imports: [appModule({ services: registry })] })
      .overrideProvider(PaymentGatewayClient)
      .useValue(fake)
      .compile();
    expect(registry.get("other").lifecycle).toBe("ready");
    await module.close();
    expect(() => registry.get("other")).toThrow(/was stopped/);
  });

  test("applications with fakes of their own run side by side on one registry", async () => {
    const registry = services("https://a.example");
    const AppModule = appModule({ services: registry }, { controllers: [routes(registry)] });
    const answerOf = async (id: string): Promise<string> => {
      const module = await Test.createTestingModule({ imports: [AppModule] })
        .overrideProvider(PaymentGatewayClient)
        .useValue({ createPayment: async () => id })
        .compile();
      const app = module.createNestApplication();
      try {
        return await (await fetch(`${await urlOf(app)}/pay`)).text();
      } finally {
        await app.close();
      }
    };
    expect(await Promise.all(["one", "two", "three"].map(answerOf))).toEqual(["one", "two", "three"]);
  });
});
