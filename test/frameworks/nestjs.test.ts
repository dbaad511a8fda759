import type { IncomingMessage, ServerResponse } from "node:http";
import { NestFactory } from "@nestjs/core";
import { describe, expect, test } from "vitest";
import { currentRequest } from "../../src/core/request-scope.ts";
import { ClientGoneError, type HawserModuleOptions } from "../../src/frameworks/nestjs.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import type { ServiceRegistry } from "../../src/registry/service-registry.ts";
import { RESTService } from "../../src/rest/rest-service.ts";
import { journaling } from "../registry/journal.ts";
import { answerJson, answerNothing, answerStatuses, httpServer } from "../support/http-server.ts";
import { logbook, reasonOf } from "../support/rest-client.ts";
import { settled } from "../support/virtual-clock.ts";
import { describeAdapter } from "./adapter-contract.ts";
import {
  appModule,
  appOf,
  controllerOf,
  hit,
  injectable,
  options,
  PaymentGatewayClient,
  services,
  urlOf,
} from "./nestjs-bench.ts";

describeAdapter({
  async serve({ services: given, requestTimeoutMs, answerFor, logger, headers, before }, handle) {
    const registry = given as unknown as ServiceRegistry;
    const settings = { services: registry, requestTimeoutMs, answerFor, loggerFor: () => logger };
    const app = await appOf(appModule(settings, { controllers: [controllerOf({ "": handle })] }));
    app.use(async (_request: unknown, response: ServerResponse, next: () => void) => {
      response.setHeaders(new Map(Object.entries(headers ?? {})));
      await before?.(response);
      next();
    });
    return { url: `${await urlOf(app)}/`, [Symbol.asyncDispose]: () => app.close() };
  },
});

describe("start and stop", () => {
  test("the services are stopped after every hook of the application that may use them", async () => {
    const registry = services("https://a.example");
    const seen: string[] = [];
    class Worker {
      readonly client: PaymentGatewayClient;
      constructor(client: PaymentGatewayClient) {
        this.client = client;
      }
      onModuleInit = (): void => void seen.push(`init ${this.client.lifecycle}`);
      onModuleDestroy = (): void => void seen.push(`destroy ${this.client.lifecycle}`);
      onApplicationShutdown = (): void => void seen.push(`shutdown ${this.client.lifecycle}`);
    }
    const worker = injectable(Worker, PaymentGatewayClient);
    const app = await appOf(appModule({ services: registry }, { providers: [worker] }));
    await app.init();
    await app.close();
    expect(seen).toEqual(["init ready", "destroy ready", "shutdown ready"]);
    expect(() => registry.get("paymentGateway")).toThrow(/was stopped/);
  });

  test("a request under way when it closes is answered first", async () => {
    const release = Promise.withResolvers<void>();
    await using server = await httpServer((_request, response) => {
      void release.promise.then(() => response.end('{"id":"p1"}'));
    });
    const registry = services(server.url);
    const controllers = [controllerOf({ pay: () => registry.get("paymentGateway").createPayment(1) })];
    const app = await appOf(appModule({ services: registry }, { controllers }));
    const answer = fetch(`${await urlOf(app)}/pay`);
    await server.request(1);
    const closed = app.close();
    await settled();
    expect(registry.get("paymentGateway").lifecycle).toBe("ready");
    release.resolve();
    expect(await (await answer).json()).toEqual({ id: "p1" });
    // Its connection would be kept for another five seconds.
    const answeredAt = performance.now();
    await closed;
    expect(performance.now() - answeredAt).toBeLessThan(4_000);
    expect(() => registry.get("paymentGateway")).toThrow(/was stopped/);
  });

  test("an application whose services cannot start is not made", async () => {
    const own = new Error("mine");
    const { Journaling } = journaling({ a: { open: async () => Promise.reject(own) } });
    const registry = defineServices({ a: rest(Journaling, { baseUrl: "https://a.example" }) }, options);
    expect(await reasonOf(appOf(appModule({ services: registry })))).toBe(own);
  });

  test("Nest's hooks are not called on a service, which the registry starts and stops", async () => {
    const hooks: string[] = [];
    class Hooked extends RESTService {
      onModuleInit(): void {
        hooks.push("init");
      }
      onApplicationShutdown(): void {
        hooks.push("shutdown");
      }
    }
    const registry = defineServices({ hooked: rest(Hooked, { baseUrl: "https://a.example" }) }, options);
    const app = await appOf(appModule({ services: registry }));
    await app.init();
    await app.close();
    expect(hooks).toEqual([]);
  });

  test("it serves an application without a server", async () => {
    await using server = await httpServer(answerJson({ id: "p1" }));
    const registry = services(server.url);
    const context = await NestFactory.createApplicationContext(appModule({ services: registry }), {
      logger: false,
      abortOnError: false,
    });
    expect(await context.get(PaymentGatewayClient).createPayment(1)).toEqual({ id: "p1" });
    await context.close();
    expect(() => registry.get("paymentGateway")).toThrow(/was stopped/);
  });
});

describe("the scope of a request", () => {
  /** An application with one route, which calls the gateway and hands its reason on. */
  async function paying(url: string, settings: Partial<HawserModuleOptions> = {}) {
    const registry = services(url);
    const ended = Promise.withResolvers<unknown>();
    const handler = async (): Promise<unknown> => {
      const reason = await reasonOf(registry.get("paymentGateway").createPayment(5));
      ended.resolve(reason);
      throw reason as Error;
    };
    const controllers = [controllerOf({ "": handler, pay: handler })];
    const app = await appOf(appModule({ services: registry, ...settings }, { controllers }));
    return { app, ended: ended.promise };
  }

  test.each([
    ["/", undefined],
    ["/pay", undefined],
    ["/pay", '{"amount":5}'],
  ])("a client that goes away from %s ends the calls of its request (body: %s)", async (path, body) => {
    await using server = await httpServer(answerNothing);
    const { app, ended } = await paying(server.url);
    await using _ = app;
    await urlOf(app);
    const client = await hit(app, path, body);
    const upstream = await server.request(1);
    client.destroy();
    expect(await ended).toBeInstanceOf(ClientGoneError);
    await upstream.connectionClosed;
  });

  test("a global prefix changes nothing about it", async () => {
    await using server = await httpServer(answerNothing);
    const { app, ended } = await paying(server.url);
    await using _ = app;
    app.setGlobalPrefix("api", { exclude: ["pay"] });
    await urlOf(app);
    const client = await hit(app, "/pay");
    await server.request(1);
    client.destroy();
    expect(await ended).toBeInstanceOf(ClientGoneError);
    const other = await hit(app, "/api");
    const upstream = await server.request(2);
    other.destroy();
    await upstream.connectionClosed;
  });

  test("the logger that pino-http puts on a request is found", async () => {
    await using server = await httpServer(answerStatuses(400));
    const { logger, entries } = logbook();
    const registry = services(server.url);
    const controllers = [controllerOf({ pay: () => registry.get("paymentGateway").createPayment(5) })];
    await using app = await appOf(appModule({ services: registry }, { controllers }));
    app.use((request: { log?: unknown }, _response: unknown, next: () => void) => {
      request.log = logger;
      next();
    });
    await fetch(`${await urlOf(app)}/pay`);
    expect(entries.map(({ message }) => message)).toContain("call failed");
  });

  test("a logger is found by the whole URL of a request, and by nothing else is it changed", async () => {
    const found: (string | undefined)[] = [];
    const loggerFor = ({ url }: IncomingMessage): undefined => void found.push(url);
    const registry = services("https://a.example");
    const controllers = [controllerOf({ pay: () => ({}) })];
    await using app = await appOf(appModule({ services: registry, loggerFor }, { controllers }));
    app.setGlobalPrefix("api");
    const url = await urlOf(app);
    expect((await fetch(`${url}/api/pay?by=card`)).status).toBe(200);
    expect(found).toEqual(["/api/pay?by=card"]);
  });

  test("requests beside each other have signals of their own", async () => {
    const signals: (readonly AbortSignal[] | undefined)[] = [];
    const both = Promise.withResolvers<void>();
    const handler = async (): Promise<void> => {
      signals.push(currentRequest()?.signals);
      if (signals.length === 2) both.resolve();
      await both.promise;
    };
    const registry = services("https://a.example");
    await using app = await appOf(appModule({ services: registry }, { controllers: [controllerOf({ pay: handler })] }));
    const url = await urlOf(app);
    await Promise.all([fetch(`${url}/pay`), fetch(`${url}/pay`)]);
    const [one, two] = signals.flat();
    expect([one?.aborted, two?.aborted, one === two]).toEqual([false, false, false]);
  });
});
