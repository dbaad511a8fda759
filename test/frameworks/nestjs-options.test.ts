import type { Type } from "@nestjs/common";
import { describe, expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { HawserModule } from "../../src/frameworks/nestjs.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import type { ServiceRegistry } from "../../src/registry/service-registry.ts";
import { reasonOf } from "../support/rest-client.ts";
import { appOf, injectable, moduleWith, options, PaymentGatewayClient, services } from "./nestjs-bench.ts";

describe("forRootAsync", () => {
  const registry = (): ServiceRegistry => defineServices({ paymentGateway: rest(PaymentGatewayClient) }, options);
  class Config {
    readonly url: string = "https://a.example";
    createHawserSettings(): { env: Record<string, string> } {
      return { env: { PAYMENT_GATEWAY_URL: this.url } };
    }
  }
  const ConfigModule = (): Type => moduleWith({ providers: [injectable(Config)], exports: [Config] });

  test.each([
    [
      "useFactory",
      () => ({
        imports: [ConfigModule()],
        inject: [Config],
        useFactory: async (config: Config) => config.createHawserSettings(),
      }),
    ],
    ["useClass", () => ({ useClass: injectable(Config) })],
    ["useExisting", () => ({ imports: [ConfigModule()], useExisting: Config })],
  ])("takes its settings from %s", async (_which, source) => {
    const shared = registry();
    const module = HawserModule.forRootAsync({ services: shared, ...source() });
    await using app = await appOf(moduleWith({ imports: [module] }));
    expect(app.get(PaymentGatewayClient).lifecycle).toBe("ready");
    expect(String((shared.get("paymentGateway") as PaymentGatewayClient).describe())).toContain("a.example");
  });

  test("wrong settings fail the application, all at once", async () => {
    const useFactory = (): never => ({ services: 1, requestTimeoutMs: 0, retries: 3 }) as never;
    const module = HawserModule.forRootAsync({ services: registry(), useFactory });
    const reason = await reasonOf(appOf(moduleWith({ imports: [module] })));
    expect(isServiceConfigurationError(reason) && reason.problems).toEqual([
      "services is given beside the factory, and not by it: what can be injected is known before it runs",
      "requestTimeoutMs must be a number of at least 1, not 0",
      expect.stringMatching(/^unknown option retries/),
    ]);
  });

  test.each([
    [{}, ["one of useFactory, useClass and useExisting is needed, and none is given"]],
    [
      { useFactory: () => ({}), useClass: Config },
      ["one of useFactory, useClass and useExisting is needed, and useFactory and useClass are given"],
    ],
    [{ useClass: Config, inject: [Config] }, ["inject goes with useFactory alone"]],
    [{ useFactory: () => ({}), imports: Config }, ["imports must be an array"]],
    [{ useFactory: {} }, ["useFactory must be a function, not an object"]],
    [{ useFactory: () => ({}), requestTimeoutMs: 5 }, [expect.stringMatching(/^unknown option requestTimeoutMs/)]],
  ])("wrong options are refused before anything is made: %o", (wrong, problems) => {
    const error = thrownBy(() => HawserModule.forRootAsync({ services: registry(), ...wrong } as never));
    expect(isServiceConfigurationError(error) && error.problems).toEqual(problems);
  });
});

test.each([
  [{}, ["services is required: the result of defineServices()"]],
  [
    { services: { start: () => undefined } },
    [expect.stringMatching(/^services must be an object with start\(\), stop\(\)/)],
  ],
  [
    {
      services: services("https://a.example"),
      requestTimeoutMs: -1,
      answerFor: true,
      isGlobal: "yes",
      env: [],
      loggerFor: 1,
      timeout: 3,
    },
    [
      "isGlobal must be a boolean, not a string",
      "env must be an object of variables, or a function that gives one",
      "requestTimeoutMs must be a number of at least 1, not -1",
      "answerFor must be a function, not a boolean",
      "loggerFor must be a function, not 1",
      expect.stringMatching(/^unknown option timeout/),
    ],
  ],
])("wrong options of forRoot are refused, all at once: %#", (wrong, problems) => {
  const error = thrownBy(() => HawserModule.forRoot(wrong as never));
  expect(isServiceConfigurationError(error) && error.problems).toEqual(problems);
});

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
