import { Controller, Get, Inject, Optional, Scope, type Type } from "@nestjs/common";
import { describe, expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { servicesToken } from "../../src/frameworks/nestjs.ts";
import { tokenOf } from "../../src/frameworks/nestjs-tokens.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { service } from "../../src/registry/custom-service.ts";
import type { RESTService } from "../../src/rest/rest-service.ts";
import { journaling } from "../registry/journal.ts";
import { answerJson, httpServer } from "../support/http-server.ts";
import { reasonOf } from "../support/rest-client.ts";
import {
  appModule,
  appOf,
  controllerOf,
  holderOf,
  injectedInto,
  moduleWith,
  options,
  PaymentGatewayClient,
  services,
  urlOf,
} from "./nestjs-bench.ts";

describe("injection", () => {
  test("by class, by name, and of the registry; what is injected can be used while the application is made", async () => {
    await using server = await httpServer(answerJson({ id: "p1" }));
    const registry = services(server.url);
    const holder = holderOf(PaymentGatewayClient, tokenOf("paymentGateway"), servicesToken);
    const early = {
      provide: "early",
      inject: [PaymentGatewayClient],
      useFactory: async (client: PaymentGatewayClient) => client.createPayment(1),
    };
    await using app = await appOf(appModule({ services: registry }, { providers: [holder, early] }));
    const [byClass, byName, all] = injectedInto(app, holder);
    expect([byClass instanceof PaymentGatewayClient, byName]).toEqual([true, byClass]);
    expect(await (byName as PaymentGatewayClient).createPayment(5)).toEqual({ id: "p1" });
    expect(app.get("early")).toEqual({ id: "p1" });
    expect(all).toBe(registry);
  });

  test("every module can inject the services, unless isGlobal is false", async () => {
    const registry = services("https://a.example");
    const feature = (): Type => moduleWith({ providers: [holderOf(PaymentGatewayClient)] });
    await using app = await appOf(appModule({ services: registry }, { imports: [feature()] }));
    expect(app.get(PaymentGatewayClient)).toBeInstanceOf(PaymentGatewayClient);
    const local = appModule({ services: registry, isGlobal: false }, { imports: [feature()] });
    expect(await reasonOf(appOf(local))).toMatchObject({ message: expect.stringContaining("PaymentGatewayClient") });
    await registry.stop();
  });

  test("a class of two definitions can be injected by name alone, and is no trouble to who does not ask for it", async () => {
    const registry = defineServices(
      {
        europe: rest(PaymentGatewayClient, { baseUrl: "https://eu.example" }),
        asia: rest(PaymentGatewayClient, { baseUrl: "https://asia.example" }),
      },
      options,
    );
    const byName = holderOf(tokenOf("europe"), tokenOf("asia"));
    await using app = await appOf(appModule({ services: registry }, { providers: [byName] }));
    const [europe, asia] = injectedInto(app, byName) as PaymentGatewayClient[];
    expect([europe?.name, asia?.name]).toEqual(["europe", "asia"]);

    const reason = await reasonOf(
      appOf(appModule({ services: registry }, { providers: [holderOf(PaymentGatewayClient)] })),
    );
    expect(isServiceConfigurationError(reason) && reason.message).toContain(
      'PaymentGatewayClient: it is the class of europe and asia: say which one, as in @InjectService("europe")',
    );
    await registry.stop();
  });

  test.each(["by class", "by name"])("an optional service that was left out, %s", async (way) => {
    const registry = defineServices({ payments: rest(PaymentGatewayClient, { optional: true }) }, options);
    const token = way === "by class" ? PaymentGatewayClient : tokenOf("payments");
    const asked = holderOf([token]);
    const inFactory = { provide: "made", inject: [{ token, optional: true }], useFactory: (one: unknown) => [one] };
    await using app = await appOf(appModule({ services: registry }, { providers: [asked, inFactory] }));
    expect(injectedInto(app, asked)).toEqual([undefined]);
    expect(app.get("made")).toEqual([undefined]);

    const reason = await reasonOf(appOf(appModule({ services: registry }, { providers: [holderOf(token)] })));
    expect(isServiceConfigurationError(reason) && reason.message).toContain(
      "payments: it is optional, and was left out since its URL is not set: set it, or put @Optional()",
    );
    await registry.stop();
  });

  test("what is made for each request is injected undefined for it", async () => {
    const registry = defineServices({ payments: rest(PaymentGatewayClient, { optional: true }) }, options);
    class PerRequest {
      readonly client: unknown;
      constructor(client: unknown) {
        this.client = client;
      }
      answer(): string {
        return String(this.client);
      }
    }
    Controller({ path: "pay", scope: Scope.REQUEST })(PerRequest);
    Get()(PerRequest.prototype, "answer", Object.getOwnPropertyDescriptor(PerRequest.prototype, "answer") ?? {});
    Inject(PaymentGatewayClient)(PerRequest, undefined, 0);
    Optional()(PerRequest, undefined, 0);
    await using app = await appOf(appModule({ services: registry }, { controllers: [PerRequest] }));
    expect(await (await fetch(`${await urlOf(app)}/pay`)).text()).toBe("undefined");
  });

  test("a token that there is for an optional service is asked for with resolve", async () => {
    const registry = defineServices(
      { payments: rest(PaymentGatewayClient, { optional: true, baseUrl: "https://a.example" }) },
      options,
    );
    await using app = await appOf(appModule({ services: registry }));
    expect(() => app.get(PaymentGatewayClient)).toThrow(/resolve\(\)/);
    expect((await app.resolve(PaymentGatewayClient)).name).toBe("payments");
  });

  test("an optional service that is there is injected like any other", async () => {
    const registry = defineServices(
      { payments: rest(PaymentGatewayClient, { optional: true, baseUrl: "https://a.example" }) },
      options,
    );
    const holder = holderOf([PaymentGatewayClient], tokenOf("payments"));
    await using app = await appOf(appModule({ services: registry }, { providers: [holder] }));
    const [byClass, byName] = injectedInto(app, holder) as PaymentGatewayClient[];
    expect([byClass?.name, byName?.name]).toEqual(["payments", "payments"]);
  });

  test("a late service can be injected before it is connected, and used once it is", async () => {
    const connected = Promise.withResolvers<void>();
    const { Journaling } = journaling({ slow: { open: () => connected.promise } });
    const registry = defineServices({ slow: rest(Journaling, { baseUrl: "https://a.example", late: true }) }, options);
    const holder = holderOf(Journaling);
    await using app = await appOf(appModule({ services: registry }, { providers: [holder] }));
    await app.init();
    const [slow] = injectedInto(app, holder) as [RESTService];
    expect(slow instanceof Journaling).toBe(true);
    expect(await reasonOf((async () => slow.get("/"))())).toMatchObject({ code: "unavailable-not-started" });
    connected.resolve();
    await registry.ready("slow");
    expect(slow.lifecycle).toBe("ready");
  });

  test("what functions of the application made is injected by name, whatever it is", async () => {
    const query = Object.assign((text: string) => `did ${text}`, { end: () => "ended" });
    const registry = defineServices(
      {
        ledger: service({ create: () => ({ write: (line: string) => `wrote ${line}` }) }),
        query: service({ create: async () => query }),
        region: service({ create: () => "eu-west" }),
      },
      options,
    );
    const holder = holderOf(...registry.names.map(tokenOf));
    await using app = await appOf(appModule({ services: registry }, { providers: [holder] }));
    const [ledger, made, region] = injectedInto(app, holder) as [{ write(line: string): string }, typeof query, string];
    expect([ledger.write("it"), made("it"), made.end(), region]).toEqual(["wrote it", "did it", "ended", "eu-west"]);
    await registry.with({ ledger: { write: () => "faked" } }, () => expect(ledger.write("it")).toBe("faked"));
  });

  test("a reload reaches what was injected before it", async () => {
    await using server = await httpServer(answerJson({}));
    const env: Record<string, string> = { PAYMENT_GATEWAY_URL: server.url, PAYMENT_GATEWAY_API_KEY: "first-key" };
    const registry = defineServices({ paymentGateway: rest(PaymentGatewayClient) }, { logger: silentLogger });
    const holder = holderOf(PaymentGatewayClient);
    await using app = await appOf(appModule({ services: registry, env: () => env }, { providers: [holder] }));
    const [client] = injectedInto(app, holder) as [PaymentGatewayClient];
    await client.createPayment(1);
    env["PAYMENT_GATEWAY_API_KEY"] = "second-key";
    await registry.reload();
    await client.createPayment(1);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer first-key",
      "Bearer second-key",
    ]);
  });

  test("applications that are given scopes have instances of their own, also for providers of the registry", async () => {
    const registry = services("https://a.example");
    const provider = registry.provider("paymentGateway");
    const seen: unknown[] = [];
    const controllers = [controllerOf({ pay: () => String(seen.push(provider())) })];
    const [one, two] = [registry.scope(), registry.scope()];
    await using first = await appOf(appModule({ services: one }, { controllers }));
    await using second = await appOf(appModule({ services: two }, { controllers }));
    await fetch(`${await urlOf(first)}/pay`);
    await fetch(`${await urlOf(second)}/pay`);
    expect([seen[0] === one.get("paymentGateway"), seen[1] === two.get("paymentGateway"), seen[0] === seen[1]]).toEqual(
      [true, true, false],
    );
    await first.close();
    expect(second.get(PaymentGatewayClient).lifecycle).toBe("ready");
  });

  test("override and with reach what was injected long before", async () => {
    const registry = services("https://a.example");
    const holder = holderOf(PaymentGatewayClient);
    await using app = await appOf(appModule({ services: registry }, { providers: [holder] }));
    const [client] = injectedInto(app, holder) as [PaymentGatewayClient];
    const paidWith = (id: string): Promise<unknown> =>
      registry.with({ paymentGateway: { createPayment: async () => id } }, () => client.createPayment(1));
    expect(await Promise.all([paidWith("one"), paidWith("two")])).toEqual(["one", "two"]);
    {
      using _ = registry.override({ paymentGateway: { createPayment: async () => "overridden" } });
      expect(await client.createPayment(1)).toBe("overridden");
    }
    expect(client.lifecycle).toBe("ready");
  });
});
