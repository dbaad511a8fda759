import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler, type Express } from "express";
import { describe, expect, test, vi } from "vitest";
import { currentRequest } from "../../src/core/request-scope.ts";
import { ServiceConfigurationError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { answerErrors, closeServer, hawser } from "../../src/frameworks/express.ts";
import { httpServer } from "../support/http-server.ts";
import { refusalOf } from "../support/configuration.ts";
import { describeAdapter, services } from "./adapter-contract.ts";

async function listen(app: Express): Promise<{ readonly url: string } & AsyncDisposable> {
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, [Symbol.asyncDispose]: async () => closeServer(server) };
}

// What nobody else took; Express itself would print it.
const lastResort: ErrorRequestHandler = (error: Error, _request, response, _next) =>
  void response.status(500).json({ message: error.message });

const json = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };

describeAdapter({
  async serve({ services: given, requestTimeoutMs, answerFor, logger, headers, before }, handle) {
    const app = express();
    app.use(async (_request, response, next) => {
      await before?.(response);
      next();
    });
    app.use(hawser({ services: given, requestTimeoutMs, loggerFor: () => logger }));
    app.use(express.json());
    app.all("/", async (_request, response) => {
      response.set(headers);
      response.json(await handle());
    });
    app.use(answerErrors({ answerFor }));
    app.use(lastResort);
    return listen(app);
  },
});

test("handlers find the registry at the request and at the response", async () => {
  const registry = services("https://a.example");
  const app = express();
  app.use(hawser({ services: registry }));
  app.get("/", (request, response) => {
    response.json([request.services === registry, response.locals.services === registry]);
  });
  await using server = await listen(app);
  expect(await (await fetch(server.url)).json()).toEqual([true, true]);
});

test("a request stays one where the body is read on the way, and where it is entered again after that", async () => {
  const middleware = hawser({ services: services("https://a.example"), requestTimeoutMs: 60_000 });
  const app = express();
  const [before, after]: unknown[][] = [[], []];
  app.use(middleware, (_request, _response, next) => {
    before?.push(currentRequest()?.signals[0]);
    next();
  });
  // As a middleware does that keeps the raw body, for signatures: it goes on in the context of the socket.
  app.use("/lost", (request, _response, next) => void request.resume().on("end", next));
  app.use("/found", (request, _response, next) => void request.resume().on("end", next), middleware);
  app.use("/parsed", express.json());
  app.post("/:how", (_request, response) => {
    after?.push(currentRequest()?.signals[0]);
    response.end();
  });
  await using server = await listen(app);
  for (const how of ["lost", "found", "parsed"]) await fetch(`${server.url}${how}`, json);
  expect(after?.map((signal, index) => signal === before?.[index])).toEqual([false, true, true]);
  expect(after?.[0]).toBeUndefined();
});

test("the logger that pino-http puts on a request is the request's", async () => {
  const app = express();
  app.use((request, _response, next) => {
    Object.assign(request, { log: silentLogger });
    next();
  });
  app.use(hawser({ services: services("https://a.example") }));
  app.get("/", (_request, response) => void response.json(currentRequest()?.logger === silentLogger));
  await using server = await listen(app);
  expect(await (await fetch(server.url)).json()).toBe(true);
});

test("a mistake of the application is said on the console where a request has no logger", async () => {
  const said = vi.spyOn(console, "error").mockReturnValue(undefined);
  const mistake = new ServiceConfigurationError("payments", ["no such option"]);
  const app = express();
  app.get("/", () => Promise.reject(mistake));
  app.use(answerErrors());
  await using server = await listen(app);
  expect((await fetch(server.url)).status).toBe(500);
  expect(said).toHaveBeenCalledExactlyOnceWith(mistake);
  said.mockRestore();
});

test("an error of the application's own goes on to the next handler, and so does one after the answer began", async () => {
  const app = express();
  const seen: string[] = [];
  app.get("/own", () => {
    throw new Error("mine");
  });
  await using far = await httpServer((_request, response) => void response.writeHead(500).end());
  await using registry = await services(far.url).start();
  app.get("/begun", async (_request, response) => {
    response.write("begun");
    await registry.get("paymentGateway").get("/");
  });
  app.use(answerErrors());
  app.use(((error: Error, _request, response, _next) => {
    seen.push(error.name);
    response.end();
  }) satisfies ErrorRequestHandler);
  await using server = await listen(app);
  await fetch(`${server.url}own`);
  expect(await (await fetch(`${server.url}begun`)).text()).toBe("begun");
  expect(seen).toEqual(["Error", "ServiceResponseError"]);
});

test("a fake put in place for one test reaches the handlers of a server that listens within it", async () => {
  const registry = services("https://a.example");
  const app = express();
  app.use(hawser({ services: registry }), express.json());
  app.post("/", async (request, response) => {
    const payments = registry.get("paymentGateway");
    response.json(await payments.createPayment((request.body as { readonly amount: number }).amount));
  });
  const paidWith = async (id: string): Promise<unknown> => {
    const fake = { createPayment: async (amount: number) => ({ id, amount }) };
    return registry.with({ paymentGateway: fake }, async () => {
      await using server = await listen(app);
      return await (await fetch(server.url, { ...json, body: '{"amount":7}' })).json();
    });
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
    expect(problemsOf(() => hawser({ services: {} } as never))).toEqual([
      "services must be an object with start(), stop(), not an object",
    ]);
  });

  test("of the error handler", () => {
    expect(problemsOf(() => answerErrors({ answerFor: 1, x: 1 } as never))).toEqual([
      "answerFor must be a function, not 1",
      expect.stringMatching(/^unknown option x/),
    ]);
  });
});
