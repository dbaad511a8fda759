import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type HttpBindings, serve } from "@hono/node-server";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { describe, expect, test, vi } from "vitest";
import { currentRequest } from "../../src/core/request-scope.ts";
import { ServiceConfigurationError } from "../../src/core/errors.ts";
import { answerErrors, ClientGoneError, closeServer, hawser } from "../../src/frameworks/hono.ts";
import { refusalOf } from "../support/configuration.ts";
import { describeAdapter, services } from "./adapter-contract.ts";

async function listen({
  fetch,
}: {
  readonly fetch: Parameters<typeof serve>[0]["fetch"];
}): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = serve({ fetch, port: 0, hostname: "127.0.0.1" });
  if (server.address() === null) await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: async () => closeServer(server) };
}

describeAdapter({
  async serve({ services: given, requestTimeoutMs, answerFor, logger, headers, before }, handle) {
    const app = new Hono<{ Bindings: HttpBindings }>();
    app.use(async ({ env }, next) => {
      await before?.(env.outgoing);
      await next();
    });
    app.use(hawser({ services: given, requestTimeoutMs, loggerFor: () => logger }));
    app.all("/", async (context) => {
      if (context.req.method === "POST") await context.req.json();
      for (const [name, value] of Object.entries(headers ?? {})) context.header(name, value);
      return context.json(await handle());
    });
    app.onError(answerErrors({ answerFor, otherwise: (error, context) => context.text(error.message, 500) }));
    return listen(app);
  },
});

test("handlers find the registry in the variables of the context", async () => {
  const registry = services("https://a.example");
  const app = new Hono();
  app.use(hawser({ services: registry }));
  app.get("/", (context) => context.json(context.var.services === registry));
  expect(await (await app.request("/")).json()).toBe(true);
});

test("without a server too, a request that is given up ends what is made in it", async () => {
  const app = new Hono();
  app.use(hawser({ services: services("https://a.example") }));
  const stop = new AbortController();
  app.get("/", (context) => {
    stop.abort("enough");
    const [signal] = currentRequest()?.signals ?? [];
    expect(signal?.reason).toBeInstanceOf(ClientGoneError);
    return context.body(null);
  });
  app.get("/late", (context) => context.json(currentRequest()?.signals.map(({ aborted }) => aborted) ?? []));
  expect((await app.request("/", { signal: stop.signal })).status).toBe(200);
  const late = app.request(new Request("http://localhost/late", { signal: AbortSignal.abort() }));
  expect(await (await late).json()).toEqual([true]);
});

test("a mistake of the application is said on the console where a request has no logger", async () => {
  const said = vi.spyOn(console, "error").mockReturnValue(undefined);
  const mistake = new ServiceConfigurationError("payments", ["no such option"]);
  const app = new Hono();
  app.get("/", () => Promise.reject(mistake));
  app.onError(answerErrors());
  expect((await app.request("/")).status).toBe(500);
  expect(said).toHaveBeenCalledExactlyOnceWith(mistake);
  said.mockRestore();
});

test("an error that is none of a service is answered as Hono does, or by the application", async () => {
  const failing = (onError = answerErrors()): Hono => {
    const app = new Hono();
    app.use(hawser({ services: services("https://a.example") }));
    app.get("/http", () => {
      throw new HTTPException(418, { message: "teapot" });
    });
    app.get("/own", () => {
      throw new TypeError("mine");
    });
    app.onError(onError);
    return app;
  };
  const answer = await failing().request("/http");
  expect([answer.status, await answer.text()]).toEqual([418, "teapot"]);
  const own = failing(answerErrors({ otherwise: (error, context) => context.text(error.name, 400) }));
  expect(await (await own.request("/own")).text()).toBe("TypeError");
});

test("a fake put in place for one test reaches the handlers of what it asks for", async () => {
  const registry = services("https://a.example");
  const app = new Hono();
  app.use(hawser({ services: registry }));
  app.post("/", async (context) => {
    const { amount } = await context.req.json<{ readonly amount: number }>();
    return context.json((await registry.get("paymentGateway").createPayment(amount)) as object);
  });
  const paidWith = async (id: string): Promise<unknown> => {
    const fake = { createPayment: async (amount: number) => ({ id, amount }) };
    return registry.with({ paymentGateway: fake }, async () =>
      (await app.request("/", { method: "POST", body: '{"amount":7}' })).json(),
    );
  };
  expect(await Promise.all([paidWith("one"), paidWith("two")])).toEqual([
    { id: "one", amount: 7 },
    { id: "two", amount: 7 },
  ]);
});

describe("wrong options are one clear error", () => {
  const problemsOf = (make: () => unknown): readonly string[] => refusalOf(make).problems;

  test("of the middleware", () => {
    expect(problemsOf(() => hawser({ requestTimeoutMs: 0, loggerFor: 1, timeout: 3 } as never))).toEqual([
      "services is required: the result of defineServices()",
      "requestTimeoutMs must be a number of at least 1, not 0",
      "loggerFor must be a function, not 1",
      expect.stringMatching(/^unknown option timeout/),
    ]);
    expect(problemsOf(() => hawser(undefined as never))[0]).toContain("must be an object");
  });

  test("of the error handler", () => {
    expect(problemsOf(() => answerErrors({ answerFor: 1, otherwise: 2 } as never))).toEqual([
      "answerFor must be a function, not 1",
      "otherwise must be a function, not 2",
    ]);
  });
});
