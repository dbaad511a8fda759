import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { withoutDeadline } from "../../src/core/deadline.ts";
import { answerForError, type AnswerForError } from "../../src/core/error-answer.ts";
import { isServiceTimeoutError } from "../../src/core/errors.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import { ClientGoneError, type AdapterServices } from "../../src/frameworks/request-scope.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { RESTService } from "../../src/rest/rest-service.ts";
import { type Answering, answerJson, answerNothing, answerStatuses, httpServer } from "../support/http-server.ts";
import { logbook, reasonOf } from "../support/rest-client.ts";

export class PaymentGatewayClient extends RESTService {
  createPayment(amount: number): Promise<unknown> {
    return this.postJson("/payments", { json: { amount } });
  }
}

/** A registry with one service, which is not started. */
export const services = (url: string, logger: Logger = silentLogger) =>
  defineServices({ paymentGateway: rest(PaymentGatewayClient, { baseUrl: url, retry: false }) }, { logger, env: {} });

export interface AdapterSetup {
  readonly services: AdapterServices;
  readonly requestTimeoutMs?: number | undefined;
  readonly answerFor?: AnswerForError | undefined;
  /** The logger of each request. */
  readonly logger?: Logger | undefined;
  /** What the handler says of its answer before it makes it. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Stands in front of the adapter, as a middleware that authenticates does. */
  readonly before?: ((response: ServerResponse) => Promise<void>) | undefined;
}

/** What a framework's adapter is tested by. */
export interface AdapterUnderTest {
  /**
   * Listens with an application of one route, `/`, for GET and POST: what `handle` returns is answered as JSON, what
   * it throws is let through. The body of a POST was read before `handle` is called.
   */
  readonly serve: (
    setup: AdapterSetup,
    handle: () => Promise<object>,
  ) => Promise<{ readonly url: string } & AsyncDisposable>;
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/** A client on a socket of its own, which can hang up. Its body comes only after the head has gone out. */
function hit(url: string, body: string | undefined, headers: Record<string, string> = {}): ClientRequest {
  const client = httpRequest(url, {
    method: body === undefined ? "GET" : "POST",
    headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
    agent: false,
  });
  client.on("error", () => undefined);
  if (body === undefined) client.end();
  else {
    client.flushHeaders();
    client.once("socket", (socket) => socket.once("connect", () => setImmediate(() => client.end(body))));
  }
  return client;
}

async function answerOf(client: ClientRequest) {
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  return { status: answer.statusCode, headers: answer.headers, text: Buffer.concat(pieces).toString() };
}

const bodies: [string, string | undefined][] = [
  ["without a body", undefined],
  ["with a body", '{"amount":5}'],
];

/** What a request means to the calls that are made in it, the same whatever the framework is. */
export function describeAdapter({ serve }: AdapterUnderTest): void {
  /** An application whose one handler pays, in front of such a far side. */
  async function paying(answer: Answering, setup: Omit<AdapterSetup, "services"> = {}, own?: Logger) {
    const server = await httpServer(answer);
    const registry = services(server.url, own);
    await registry.start();
    const ended = Promise.withResolvers<unknown>();
    const app = await serve({ services: registry, ...setup }, async () => {
      try {
        return (await registry.get("paymentGateway").createPayment(5)) as object;
      } catch (error) {
        ended.resolve(error);
        throw error;
      }
    });
    return {
      server,
      registry,
      url: app.url,
      ended: ended.promise,
      [Symbol.asyncDispose]: async () => {
        await app[Symbol.asyncDispose]();
        await registry.stop();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  describe.each(bodies)("a request %s", (_which, body) => {
    test("has its calls made and answered", async () => {
      await using app = await paying(answerJson({ id: "p1" }));
      expect(await answerOf(hit(app.url, body))).toMatchObject({ status: 200, text: '{"id":"p1"}' });
    });

    test("whose client goes away has its calls ended", async () => {
      await using app = await paying(answerNothing);
      const client = hit(app.url, body);
      const upstream = await app.server.request(1);
      client.destroy();
      const reason = await app.ended;
      expect(reason).toBeInstanceOf(ClientGoneError);
      expect(reason).toMatchObject({ name: "AbortError", statusCode: 499 });
      await upstream.connectionClosed;
    });

    test("has a deadline for its calls", async () => {
      await using app = await paying(answerNothing, { requestTimeoutMs: 1_000 });
      expect(await answerOf(hit(app.url, body))).toMatchObject({ status: 504 });
      const failure = await app.ended;
      expect(isServiceTimeoutError(failure) && failure.limit).toBe("deadline");
      expect(isServiceTimeoutError(failure) && failure.limitMs).toBeLessThanOrEqual(1_000);
    });

    test("has its trace sent on with its calls", async () => {
      await using app = await paying(answerJson({}));
      await answerOf(hit(app.url, body, { traceparent, tracestate: "a=1" }));
      await answerOf(hit(app.url, body, { traceparent: "mine" }));
      expect(app.server.requests.map(({ headers }) => [headers.traceparent, headers["tracestate"]])).toEqual([
        [traceparent, "a=1"],
        [undefined, undefined],
      ]);
    });

    test("has its own logger for its calls", async () => {
      const [request, own] = [logbook(false), logbook(false)];
      await using app = await paying(answerStatuses(404), { logger: request.logger }, own.logger);
      await answerOf(hit(app.url, body));
      const failed = (entries: typeof request.entries) => entries.filter(({ message }) => message === "call failed");
      expect(failed(request.entries)).toMatchObject([{ level: "warn", fields: { service: "paymentGateway" } }]);
      expect(failed(own.entries)).toEqual([]);
    });
  });

  test("a client that went away before its request came to the adapter has no calls made", async () => {
    const arrived = Promise.withResolvers<void>();
    const before = async (response: ServerResponse): Promise<void> => {
      arrived.resolve();
      await once(response, "close");
    };
    await using app = await paying(answerNothing, { before });
    const client = hit(app.url, undefined);
    await arrived.promise;
    client.destroy();
    expect(await app.ended).toBeInstanceOf(ClientGoneError);
    expect(app.server.requests).toEqual([]);
  });

  test("without a logger of the request, the service's own takes the lines of its calls", async () => {
    const own = logbook(false);
    await using app = await paying(answerStatuses(404), {}, own.logger);
    await answerOf(hit(app.url, undefined));
    expect(own.entries.filter(({ level }) => level === "warn")).toMatchObject([{ message: "call failed" }]);
  });

  test("a service that says when to come again is a 503 that says so, and nothing of the service", async () => {
    const answer: Answering = (_request, response) => {
      response.writeHead(429, { "retry-after": "7", "content-type": "application/json" }).end('{"secret":"hunter2"}');
    };
    await using app = await paying(answer);
    const { status, headers, text } = await answerOf(hit(app.url, undefined));
    expect([status, headers["retry-after"]]).toEqual([503, "7"]);
    expect(headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(JSON.parse(text)).toMatchObject({ type: "about:blank", title: "Service Unavailable", status: 503 });
    expect(text + JSON.stringify(headers)).not.toMatch(/hunter2|payment|127\.0\.0\.1:/i);
  });

  test.each([
    [500, 502],
    [401, 502],
    [404, 502],
    [503, 503],
    [504, 504],
  ])("a service that answers %i is a %i", async (theirs, ours) => {
    await using app = await paying(answerStatuses(theirs));
    expect(await answerOf(hit(app.url, undefined))).toMatchObject({ status: ours });
  });

  test.each([
    ["a name that there is not", "nothing", 500, "configuration-invalid"],
    ["a registry that nobody has started", "paymentGateway", 503, "unavailable-not-started"],
  ])("%s is in the log of its request, and not in the answer", async (_which, name, answered, code) => {
    const { logger, entries } = logbook(false);
    const forgotten = services("https://a.example");
    await using app = await serve({ services: services("https://a.example"), logger }, async () =>
      forgotten.get(name as never),
    );
    const { status, text } = await answerOf(hit(app.url, undefined));
    expect([status, text]).toEqual([answered, expect.not.stringMatching(/nothing|gateway/i)]);
    const failed = entries.filter(({ level }) => level === "error");
    expect(failed).toMatchObject([{ fields: { err: { code } } }]);
  });

  test("a service that is not there is a 502", async () => {
    const server = await httpServer();
    await server[Symbol.asyncDispose]();
    await using registry = await services(server.url).start();
    await using app = await serve({ services: registry }, async () => registry.get("paymentGateway").get("/"));
    expect(await answerOf(hit(app.url, undefined))).toMatchObject({ status: 502 });
  });

  test("what the handler has said of another answer is taken back, and what holds for every answer stays", async () => {
    const ofAnother = {
      "content-disposition": "attachment",
      "content-encoding": "gzip",
      "content-language": "de",
      "content-length": "1000",
      "content-range": "bytes 0-999/2000",
      etag: '"v1"',
      "last-modified": "Sun, 01 Nov 2026 10:00:00 GMT",
    };
    await using app = await paying(answerStatuses(500), { headers: { ...ofAnother, "x-request-id": "7" } });
    const { status, headers, text } = await answerOf(hit(app.url, undefined));
    expect([status, headers["x-request-id"], JSON.parse(text)]).toMatchObject([502, "7", { status: 502 }]);
    for (const [name, value] of Object.entries(ofAnother)) expect(headers[name]).not.toBe(value);
  });

  test("what is answered is the application's to say", async () => {
    const answerFor: AnswerForError = (error) => {
      const answer = answerForError(error);
      return answer && { ...answer, status: 418, body: { ...answer.body, title: "Mine" } };
    };
    await using app = await paying(answerStatuses(500), { answerFor });
    const { status, text } = await answerOf(hit(app.url, undefined));
    expect([status, JSON.parse(text)]).toMatchObject([418, { title: "Mine" }]);
  });

  test("what a handler begins without its deadline outlives the client", async () => {
    const release = Promise.withResolvers<void>();
    await using server = await httpServer((_request, response) => {
      void release.promise.then(() => response.end('{"id":"p1"}'));
    });
    await using registry = await services(server.url).start();
    const background = Promise.withResolvers<unknown>();
    const gone = Promise.withResolvers<unknown>();
    await using app = await serve({ services: registry, requestTimeoutMs: 10_000 }, async () => {
      withoutDeadline(() => {
        void registry.get("paymentGateway").createPayment(5).then(background.resolve, background.reject);
      });
      gone.resolve(await reasonOf(registry.get("paymentGateway").get("/never")));
      return {};
    });
    const client = hit(app.url, "{}");
    await server.request(2);
    client.destroy();
    expect(await gone.promise).toBeInstanceOf(ClientGoneError);
    release.resolve();
    expect(await background.promise).toEqual({ id: "p1" });
  });

  test("two applications of one process have services of their own, also for what was made before them", async () => {
    await using first = await httpServer(answerJson({ id: "first" }));
    await using second = await httpServer(answerJson({ id: "second" }));
    const registry = defineServices({ paymentGateway: rest(PaymentGatewayClient) }, { logger: silentLogger });
    const gateway = registry.provider("paymentGateway");
    const paidWith = async (url: string): Promise<string> => {
      await using scope = await registry.scope({ env: { PAYMENT_GATEWAY_URL: url } }).start();
      await using app = await serve({ services: scope }, async () => (await gateway().createPayment(5)) as object);
      return (await answerOf(hit(app.url, "{}"))).text;
    };
    expect(await Promise.all([paidWith(first.url), paidWith(second.url)])).toEqual([
      '{"id":"first"}',
      '{"id":"second"}',
    ]);
  });
}
