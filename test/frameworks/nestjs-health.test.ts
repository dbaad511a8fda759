import { HealthCheckService, TerminusModule } from "@nestjs/terminus";
import { Test } from "@nestjs/testing";
import { describe, expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { HawserHealthIndicator } from "../../src/frameworks/nestjs.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import type { ServiceRegistry } from "../../src/registry/service-registry.ts";
import { answerStatuses, httpServer } from "../support/http-server.ts";
import { reasonOf } from "../support/rest-client.ts";
import { appModule, appOf, controllerOf, options, PaymentGatewayClient, services, urlOf } from "./nestjs-bench.ts";

describe("the indicator for @nestjs/terminus", () => {
  async function healthOf(registry: ServiceRegistry, ask: (indicator: HawserHealthIndicator) => Promise<never>) {
    const asked = async (): Promise<unknown> =>
      app.get(HealthCheckService).check([() => ask(app.get(HawserHealthIndicator))]);
    const imports = [TerminusModule.forRoot({ logger: false })];
    await using app = await appOf(
      appModule({ services: registry }, { imports, controllers: [controllerOf({ health: asked })] }),
    );
    const answer = await fetch(`${await urlOf(app)}/health`);
    return { status: answer.status, body: (await answer.json()) as { status: string; details: unknown } };
  }

  test("services that are well are up, each with its figures", async () => {
    await using server = await httpServer();
    const { status, body } = await healthOf(
      services(server.url),
      async (indicator) => (await indicator.isHealthy()) as never,
    );
    expect([status, body.status]).toEqual([200, "ok"]);
    const up = { status: "up", state: "ready", latencyMs: expect.any(Number) as number };
    expect(body.details).toEqual({ services: { status: "up", services: { paymentGateway: up, other: up } } });
  });

  test("one that fails is down where it is asked for alone", async () => {
    await using server = await httpServer(answerStatuses(500));
    const { status, body } = await healthOf(
      services(server.url),
      async (indicator) => (await indicator.isServiceHealthy("paymentGateway" as never)) as never,
    );
    expect([status, body.status]).toEqual([503, "error"]);
    expect(body.details).toMatchObject({ paymentGateway: { status: "down", output: expect.any(String) as string } });
  });

  test.each([
    [false, 200, "degraded"],
    [true, 503, "error"],
  ])("one that fails makes the whole fail where it is critical: %s", async (critical, answered, whole) => {
    await using server = await httpServer(answerStatuses(500));
    const registry = defineServices(
      { paymentGateway: rest(PaymentGatewayClient, { baseUrl: server.url, critical }) },
      options,
    );
    const { status, body } = await healthOf(registry, async (indicator) => (await indicator.isHealthy("all")) as never);
    expect([status, body.status]).toEqual([answered, whole]);
    expect(body.details).toMatchObject({ all: { services: { paymentGateway: { status: "down" } } } });
  });

  test("an application of fakes alone is well", async () => {
    const registry = defineServices({ paymentGateway: rest(PaymentGatewayClient) }, options);
    const asked = async (): Promise<unknown> => app.get(HawserHealthIndicator).isHealthy();
    const AppModule = appModule({ services: registry }, { controllers: [controllerOf({ health: asked })] });
    const module = await Test.createTestingModule({ imports: [AppModule] })
      .overrideProvider(PaymentGatewayClient)
      .useValue({})
      .compile();
    const app = module.createNestApplication();
    const answer = await fetch(`${await urlOf(app)}/health`);
    expect(await answer.json()).toMatchObject({ services: { status: "up" } });
    await app.close();
  });

  test("one that was left out is not down, and a name that there is not is refused", async () => {
    const registry = defineServices({ spare: rest({ optional: true }) }, options);
    await registry.start();
    const indicator = new HawserHealthIndicator(registry);
    expect(await indicator.isServiceHealthy("spare" as never)).toMatchObject({
      spare: { status: "up", state: "left-out" },
    });
    expect(isServiceConfigurationError(await reasonOf(indicator.isServiceHealthy("other" as never)))).toBe(true);
    await registry.stop();
  });
});
