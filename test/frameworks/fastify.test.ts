import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { currentDeadline } from "../../src/core/deadline.ts";
import { answerForError } from "../../src/core/error-answer.ts";
import { isServiceConfigurationError, isServiceTimeoutError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { ClientGoneError, hawser, type HawserFastifyOptions } from "../../src/frameworks/fastify.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { journaling } from "../registry/journal.ts";
import { describeAdapter, services } from "./adapter-contract.ts";
import { answerJson, answerNothing, answerStatuses, httpServer } from "../support/http-server.ts";
import { reasonOf } from "../support/rest-client.ts";
import { settled } from "../support/virtual-clock.ts";

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

const apps: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

async function appWith(options: HawserFastifyOptions): Promise<FastifyInstance> {
  const app = Fastify();
  apps.push(app);
  await app.register(hawser, options);
  return app;
}

describeAdapter({
  async serve({ services: given, requestTimeoutMs, answerFor, logger, headers, before }, handle) {
    const more = { level: "debug", silent: () => undefined };
    const own = logger && { ...more, ...logger, child: () => own, fatal: logger.error, trace: logger.debug };
    const app = own === undefined ? Fastify() : Fastify({ loggerInstance: own as unknown as FastifyBaseLogger });
    if (before !== undefined) app.addHook("onRequest", async (_request, reply) => before(reply.raw));
    await app.register(hawser, { services: given, requestTimeoutMs, answerFor, startOnReady: false });
    app.route({
      method: ["GET", "POST"],
      url: "/",
      handler: async (_request, reply) => {
        reply.headers(headers ?? {});
        return handle();
      },
    });
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    return { url, [Symbol.asyncDispose]: async () => app.close() };
  },
});

/** A client on a socket of its own, which can hang up. Its body comes only after the request has begun. */
function hit(app: FastifyInstance, path: string, body?: string): ClientRequest {
  const { port } = app.server.address() as AddressInfo;
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const client = httpRequest({ host: "127.0.0.1", port, path, method: body === undefined ? "GET" : "POST", headers });
  client.on("error", () => undefined);
  if (body === undefined) client.end();
  else {
    app.server.once("request", () => client.end(body));
    client.flushHeaders();
  }
  return client;
}

async function answerOf(client: ClientRequest): Promise<number | undefined> {
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  answer.resume();
  await once(answer, "end");
  return answer.statusCode;
}

test("the application and each request have the services, started before it is ready and stopped when it closes", async () => {
  await using server = await httpServer(answerJson({ id: "p1" }));
  const registry = services(server.url);
  const app = await appWith({ services: registry });
  app.get("/", async (request) => {
    expect(request.services).toBe(registry);
    return registry.get("paymentGateway").createPayment(5);
  });
  expect(app.services).toBe(registry);
  const answer = await app.inject("/");
  expect(answer.json()).toEqual({ id: "p1" });
  await app.close();
  expect(() => registry.get("paymentGateway")).toThrow(/was stopped/);
});

test("an application whose services cannot start is not ready", async () => {
  const own = new Error("mine");
  const { Journaling } = journaling({ a: { open: async () => Promise.reject(own) } });
  const registry = defineServices(
    { a: rest(Journaling, { baseUrl: "https://a.example" }) },
    { logger: silentLogger, env: {} },
  );
  const app = await appWith({ services: registry });
  expect(await reasonOf(Promise.resolve(app.ready()))).toBe(own);
});

test("starting and stopping can be left to the application", async () => {
  const calls: string[] = [];
  const registry = {
    start: async () => void calls.push("start"),
    stop: async () => void calls.push("stop"),
  };
  const app = await appWith({ services: registry, startOnReady: false, stopOnClose: false });
  await app.ready();
  await app.close();
  expect(calls).toEqual([]);
});

test("the plugin's decorators and hooks are those of the application, and not of a scope of its own", async () => {
  await using server = await httpServer();
  const registry = services(server.url);
  const app = await appWith({ services: registry });
  await app.register(async (child) => {
    child.get("/child", async (request) => ({ isScoped: currentDeadline() !== undefined, has: "services" in request }));
  });
  expect((await app.inject("/child")).json()).toEqual({ isScoped: true, has: true });
  expect(app.hasPlugin("hawser")).toBe(true);
});

test("wrong options fail the registration, all at once", async () => {
  const app = Fastify();
  const wrong = { requestTimeoutMs: 0, startOnReady: 1, answerFor: true, timeout: 3 } as never;
  const error = await reasonOf(Promise.resolve(app.register(hawser, wrong)));
  expect(isServiceConfigurationError(error) && error.problems).toEqual([
    "services is required: the result of defineServices()",
    "requestTimeoutMs must be a number of at least 1, not 0",
    "answerFor must be a function, not a boolean",
    "startOnReady must be a boolean, not 1",
    expect.stringMatching(/^unknown option timeout/),
  ]);
});

test("a request that was answered leaves no listener, and nothing is aborted", async () => {
  await using server = await httpServer();
  const app = await appWith({ services: services(server.url) });
  const signals: AbortSignal[] = [];
  const listeners: number[] = [];
  let raw: ServerResponse | undefined;
  app.post("/", async (_request, reply) => {
    signals.push(...(currentDeadline()?.signals ?? []));
    raw = reply.raw;
    listeners.push(reply.raw.listenerCount("close"));
    return {};
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  expect(await answerOf(hit(app, "/", "{}"))).toBe(200);
  await settled();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  expect(raw?.listenerCount("close")).toBeLessThan(listeners[0] ?? 0);
});

test("a client that goes away is seen as well where the handler has taken the answer over", async () => {
  await using server = await httpServer(answerNothing);
  const registry = services(server.url);
  const app = await appWith({ services: registry });
  const ended = Promise.withResolvers<unknown>();
  app.get("/", async (_request, reply) => {
    reply.hijack();
    reply.raw.write("begun");
    ended.resolve(await reasonOf(registry.get("paymentGateway").createPayment(5)));
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const client = hit(app, "/");
  const upstream = await server.request(1);
  client.destroy();
  expect(await ended.promise).toBeInstanceOf(ClientGoneError);
  await upstream.connectionClosed;
});

test("a deadline that passed while the body was read lets no call begin", async () => {
  await using server = await httpServer(answerNothing);
  const registry = services(server.url);
  const app = await appWith({ services: registry, requestTimeoutMs: 20 });
  app.addHook("preParsing", async (_request, _reply, payload) => {
    const scope = currentDeadline();
    while ((scope?.remainingMs() ?? 0) > 0) await settled();
    return payload;
  });
  app.post("/", async (_request, reply) => {
    const reason = await reasonOf(registry.get("paymentGateway").createPayment(5));
    return reply.code(504).send({ isTimeout: isServiceTimeoutError(reason) });
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  expect(await answerOf(hit(app, "/", "{}"))).toBe(504);
  expect(server.requests).toEqual([]);
});

test("a request stays one although a hook reads its body in the context of the socket", async () => {
  await using server = await httpServer();
  const app = await appWith({ services: services(server.url) });
  // As plugins do that keep the raw body, for signatures.
  app.addHook("preParsing", (_request, _reply, payload, next) => {
    const chunks: Buffer[] = [];
    payload.on("data", (chunk: Buffer) => chunks.push(chunk));
    payload.on("end", () => next(null, Readable.from(chunks)));
  });
  const scopes: unknown[] = [];
  app.post("/", async () => {
    scopes.push(currentDeadline()?.signals.length);
    return {};
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  expect(await answerOf(hit(app, "/", "{}"))).toBe(200);
  expect(scopes).toEqual([1]);
});

test("requests beside each other have signals of their own", async () => {
  await using server = await httpServer(answerNothing);
  const registry = services(server.url);
  const app = await appWith({ services: registry });
  const ended = new Map<string, PromiseWithResolvers<unknown>>([
    ["a", Promise.withResolvers()],
    ["b", Promise.withResolvers()],
  ]);
  app.get<{ Params: { id: string } }>("/:id", async (request) => {
    ended.get(request.params.id)?.resolve(await reasonOf(registry.get("paymentGateway").createPayment(5)));
    return {};
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const [a, b] = [hit(app, "/a"), hit(app, "/b")];
  await server.request(2);
  a.destroy();
  expect(await ended.get("a")?.promise).toBeInstanceOf(ClientGoneError);
  let isOver = false;
  void ended.get("b")?.promise.then(() => (isOver = true));
  await settled();
  expect(isOver).toBe(false);
  b.destroy();
  await ended.get("b")?.promise;
});

test("a fake put in place for one test reaches the handlers of what it injects, with and without a body", async () => {
  const registry = services("https://a.example");
  const app = await appWith({ services: registry });
  app.post<{ Body: { amount: number } }>("/", async (request) =>
    registry.get("paymentGateway").createPayment(request.body.amount),
  );
  const paidWith = async (id: string): Promise<unknown> => {
    const fake = { createPayment: async (amount: number) => ({ id, amount }) };
    const answer = await registry.with({ paymentGateway: fake }, () =>
      app.inject({ method: "POST", url: "/", payload: { amount: 7 } }),
    );
    return answer.json();
  };
  expect(await Promise.all([paidWith("one"), paidWith("two")])).toEqual([
    { id: "one", amount: 7 },
    { id: "two", amount: 7 },
  ]);
});

test("the lines of a request's calls go to its own logger, which names the request", async () => {
  await using server = await httpServer(answerStatuses(404));
  const lines: Record<string, unknown>[] = [];
  const app = Fastify({
    logger: {
      level: "warn",
      stream: { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    },
    genReqId: () => "request-7",
  });
  apps.push(app);
  const registry = services(server.url);
  await app.register(hawser, { services: registry });
  app.post("/", async () => ({ code: codeOf(await reasonOf(registry.get("paymentGateway").createPayment(5))) }));
  await app.listen({ port: 0, host: "127.0.0.1" });
  expect(await answerOf(hit(app, "/", "{}"))).toBe(200);
  expect(lines).toMatchObject([{ msg: "call failed", service: "paymentGateway", reqId: "request-7" }]);
});

describe("Fastify's own limit for a handler", () => {
  test.each([
    ["without a body", undefined],
    ["with a body", '{"amount":5}'],
  ])("ends the calls that are made in it (%s)", async (_which, body) => {
    await using server = await httpServer(answerNothing);
    const registry = services(server.url);
    const app = await appWith({ services: registry, requestTimeoutMs: 60_000 });
    const ended = Promise.withResolvers<unknown>();
    app.route({
      method: ["GET", "POST"],
      url: "/",
      handlerTimeout: 200,
      handler: async () => {
        const reason = await reasonOf(registry.get("paymentGateway").createPayment(5));
        ended.resolve(reason);
        throw reason;
      },
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    expect([503, 504]).toContain(await answerOf(hit(app, "/", body)));
    // Whichever of two timers of the same length comes first.
    expect(["FST_ERR_HANDLER_TIMEOUT", "timeout-deadline"]).toContain(codeOf(await ended.promise));
    await server.requests[0]?.connectionClosed;
  });

  test("ends them with its own reason, also those that are not under its deadline", async () => {
    await using server = await httpServer(answerNothing);
    const app = Fastify({ handlerTimeout: 50 });
    apps.push(app);
    await app.register(hawser, { services: services(server.url) });
    const ended = Promise.withResolvers<unknown>();
    app.get("/", async () => {
      const [signal] = currentDeadline()?.signals ?? [];
      signal?.addEventListener("abort", () => ended.resolve(signal.reason));
      await ended.promise;
      return {};
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    expect(await answerOf(hit(app, "/"))).toBe(503);
    expect(codeOf(await ended.promise)).toBe("FST_ERR_HANDLER_TIMEOUT");
  });
});

describe("an error that a handler lets through", () => {
  const failing = async (options: Partial<HawserFastifyOptions>, before?: (app: FastifyInstance) => void) => {
    const server = await httpServer((_request, response) => void response.writeHead(503, { "retry-after": "7" }).end());
    const registry = services(server.url);
    const app = Fastify();
    apps.push(app);
    app.addHook("onClose", async () => server[Symbol.asyncDispose]());
    before?.(app);
    await app.register(hawser, { services: registry, ...options });
    app.get("/pay", async () => registry.get("paymentGateway").createPayment(5));
    app.get("/own", async () => {
      throw Object.assign(new Error("mine"), { statusCode: 418 });
    });
    return app;
  };
  const own = (app: FastifyInstance): void =>
    void app.setErrorHandler((_error, _request, reply) => reply.code(400).send({ by: "the application" }));

  test("of a service is answered as a problem that says nothing of it, and any other as Fastify does", async () => {
    const app = await failing({});
    const seen: unknown[] = [];
    app.addHook("onError", async (_request, _reply, error) => void seen.push(error.name));
    const answer = await app.inject("/pay");
    expect(answer).toMatchObject({ statusCode: 503, headers: { "retry-after": "7" } });
    expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ type: "about:blank", title: "Service Unavailable", status: 503 });
    expect(answer.body).not.toMatch(/payment|127\.0\.0\.1/i);
    expect((await app.inject("/own")).json()).toMatchObject({ statusCode: 418, message: "mine" });
    expect(seen).toEqual(["ServiceResponseError", "Error"]);
  });

  test("is answered although the plugin is registered without a wait, by us or by a handler of the application's", async () => {
    await using server = await httpServer(answerStatuses(401));
    const answersWith = async (setUp: (app: FastifyInstance) => void): Promise<number> => {
      const app = Fastify();
      apps.push(app);
      void app.register(hawser, { services: services(server.url) });
      setUp(app);
      app.get("/pay", async (request) => request.services.get("paymentGateway").get("/"));
      return (await app.inject("/pay")).statusCode;
    };
    expect([await answersWith(() => undefined), await answersWith(own)]).toEqual([502, 400]);
  });

  test("is answered by a function of the application's, or by Fastify alone", async () => {
    const app = await failing({
      answerFor: (error) => {
        const answer = answerForError(error);
        return answer && { ...answer, status: 599 };
      },
    });
    expect((await app.inject("/pay")).statusCode).toBe(599);
    expect((await app.inject("/own")).statusCode).toBe(418);
    const off = await failing({ answerFor: false });
    expect((await off.inject("/pay")).json()).toMatchObject({ message: expect.stringContaining("paymentGateway") });
  });

  test("is the application's own where it set a handler: before the plugin, or in a scope of its own", async () => {
    const before = await failing({}, own);
    expect((await before.inject("/pay")).json()).toEqual({ by: "the application" });
    const scoped = await failing({});
    await scoped.register(async (child) => {
      own(child);
      child.get("/scoped", async (request) => request.services.get("paymentGateway").get("/"));
    });
    expect((await scoped.inject("/scoped")).json()).toEqual({ by: "the application" });
    expect((await scoped.inject("/pay")).statusCode).toBe(503);
  });

  test("is the application's own where the plugin leaves errors to it, with our answer at hand", async () => {
    const app = await failing({ answerFor: false });
    app.setErrorHandler((error, _request, reply) => {
      const answer = answerForError(error);
      if (answer === undefined) return reply.code(400).send({ by: "the application" });
      return reply.code(answer.status).headers(answer.headers).send(answer.body);
    });
    app.get("/later", async (request) => request.services.get("paymentGateway").get("/"));
    app.get("/later-own", async () => Promise.reject(new Error("mine")));
    expect((await app.inject("/later")).statusCode).toBe(503);
    expect((await app.inject("/later-own")).json()).toEqual({ by: "the application" });
  });
});

test("closing lets a request be answered, and does not wait for the keep-alive time of its connection", async () => {
  await using server = await httpServer();
  const release = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const app = await appWith({ services: services(server.url) });
  app.get("/", async (request) => {
    arrived.resolve();
    await release.promise;
    return request.services
      .get("paymentGateway")
      .get("/")
      .then(({ status }) => ({ status }));
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const agent = new Agent({ keepAlive: true });
  const answer = answerOf(httpRequest(url, { agent }).end());
  await arrived.promise;
  const closed = app.close();
  release.resolve();
  expect(await answer).toBe(200);
  await closed;
  agent.destroy();
});

test("a registry that has a scope of its own is entered for each request", async () => {
  const inside = new AsyncLocalStorage<string>();
  const scope = (name: string) => ({
    start: async () => undefined,
    stop: async () => undefined,
    run: <T>(work: () => T): T => inside.run(name, work),
  });
  const [one, two] = [await appWith({ services: scope("one") }), await appWith({ services: scope("two") })];
  for (const app of [one, two]) app.post("/", async () => ({ in: inside.getStore() }));
  const answers = await Promise.all([one, two].map((app) => app.inject({ method: "POST", url: "/", payload: {} })));
  expect(answers.map((answer) => answer.json<unknown>())).toEqual([{ in: "one" }, { in: "two" }]);
});
