import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { withDeadline } from "../../src/core/deadline.ts";
import {
  isServiceConfigurationError,
  isServiceConnectionError,
  isServiceDecodeError,
  isServiceResponseError,
  isServiceTimeoutError,
  isServiceUnavailableError,
} from "../../src/core/errors.ts";
import { httpServer, rawServer, refusingUrl, type SeenRequest } from "../support/http-server.ts";
import { failureOf, reasonOf, startedPayments } from "../support/rest-client.ts";

type Script = (response: ServerResponse, request: SeenRequest) => void;

/** A server that does with each connection what stands at its place; the last one from then on. */
const eventServer = (...scripts: readonly Script[]): ReturnType<typeof httpServer> =>
  httpServer((request, response, number) => {
    response.on("error", () => undefined);
    scripts[Math.min(number, scripts.length) - 1]?.(response, request);
  });

const begin = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
const sends =
  (text: string): Script =>
  (response) =>
    void begin(response).end(text);
const keepsOpenAfter =
  (text: string): Script =>
  (response) =>
    void begin(response).write(text);
const breaksAfter =
  (text: string): Script =>
  (response) =>
    begin(response).write(text, () => response.destroy());
const answers =
  (status: number, headers: Record<string, string> = {}): Script =>
  (response) =>
    void response.writeHead(status, headers).end();
const noMore = answers(204);

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
const message = (data: unknown, id = ""): object => ({ event: "message", data, id });
const quick = { reconnect: { baseDelayMs: 1, maxFailures: 3 } };

describe("events", () => {
  test("come as they are sent, asked for as a browser does", async () => {
    await using server = await eventServer(keepsOpenAfter("event: tick\ndata: 1\n\ndata: 2\n\n"));
    await using service = await startedPayments(server);
    const stream = service.events("/ticks", { params: { of: "EUR" } });
    expect((await stream.next()).value).toEqual({ event: "tick", data: "1", id: "" });
    expect((await stream.next()).value).toEqual(message("2"));
    await stream.return(undefined);
    await server.allClosed();
    expect(server.requests[0]).toMatchObject({
      method: "GET",
      url: "/ticks?of=EUR",
      headers: { accept: "text/event-stream", "cache-control": "no-store" },
    });
    expect(server.requests[0]?.headers).not.toHaveProperty("last-event-id");
  });

  test("are parsed and typed by a schema", async () => {
    await using server = await eventServer(sends('data: {"price":\ndata: 5}\n\n'), noMore);
    await using service = await startedPayments(server);
    const ticks = service.events("/", { schema: z.object({ price: z.number() }), ...quick });
    expect(await all(ticks)).toEqual([message({ price: 5 })]);
  });

  test("that are not of the schema end it, told by what is wrong and not by what was in it", async () => {
    await using server = await eventServer(sends('data: {"price":"sk_live"}\n\n'), sends("data: sk_live\n\n"));
    await using service = await startedPayments(server);
    const schema = z.object({ price: z.number() });
    const error = await failureOf(all(service.events("/", { schema })), isServiceDecodeError);
    expect(error).toMatchObject({ code: "decode-schema", issues: [{ path: "price" }] });
    const other = await failureOf(all(service.events("/", { schema })), isServiceDecodeError);
    expect(other.code).toBe("decode-json");
    expect(`${error.message}${other.message}`).not.toContain("sk_live");
  });

  test("end where the caller says so, before the last one is parsed", async () => {
    await using server = await eventServer(keepsOpenAfter("data: 1\n\ndata: [DONE]\n\n"));
    await using service = await startedPayments(server);
    const numbers = service.events("/", { schema: z.number(), shouldEnd: ({ data }) => data === "[DONE]" });
    expect(await all(numbers)).toEqual([message(1)]);
    await server.allClosed();
  });

  test("end with the stream where they are not to be taken up again", async () => {
    await using server = await eventServer(sends("data: 1\n\ndata: half"));
    await using service = await startedPayments(server);
    expect(await all(service.events("/", { reconnect: false }))).toEqual([message("1")]);
    expect(server.requests).toHaveLength(1);
  });
});

describe("a stream that ends or breaks", () => {
  test("is taken up after the last event, until the service says that there is no more", async () => {
    await using server = await eventServer(
      sends("id: 1\ndata: a\n\nid: 2\ndata: b\n\n"),
      breaksAfter("id: 3\ndata: c\n\nid: 4\ndata: half"),
      sends("id: ü\ndata: d\n\n"),
      noMore,
    );
    await using service = await startedPayments(server);
    const list = await all(service.events("/", { lastEventId: "0", ...quick }));
    expect(list).toEqual([message("a", "1"), message("b", "2"), message("c", "3"), message("d", "ü")]);
    const ids = server.requests.map(({ headers }) => headers["last-event-id"]);
    expect(ids).toEqual(["0", "2", "3", Buffer.from("ü").toString("latin1")]);
  });

  test("is taken up through failures in between, however they look", async () => {
    await using server = await eventServer(answers(503), sends("data: a\n\n"), answers(502), answers(429), noMore);
    await using service = await startedPayments(server, { retry: false });
    expect(await all(service.events("/", quick))).toEqual([message("a")]);
    expect(server.requests).toHaveLength(5);
  });

  test("counts only failures in a row: what comes forgives those before", async () => {
    const [fails, works] = [answers(500), sends("data: a\n\n")];
    await using server = await eventServer(fails, fails, fails, works, fails, fails, works, noMore);
    await using service = await startedPayments(server);
    expect(await all(service.events("/", quick))).toHaveLength(2);
  });

  test("is given up after maxFailures in a row, with the last one", async () => {
    await using server = await eventServer(answers(503));
    await using service = await startedPayments(server);
    const error = await failureOf(all(service.events("/", quick)), isServiceResponseError);
    expect(error.status).toBe(503);
    expect(server.requests).toHaveLength(4);
  });

  test("that never brings an event is given up as well", async () => {
    await using server = await eventServer(sends(": hello\n\n"));
    await using service = await startedPayments(server);
    const error = await failureOf(all(service.events("/", quick)), isServiceConnectionError);
    expect(error).toMatchObject({ code: "connection-closed", outcome: "accepted" });
    expect(server.requests).toHaveLength(4);
  });

  test.each([
    ["404", answers(404), isServiceResponseError],
    ["401", answers(401), isServiceResponseError],
    ["no event stream", answers(200, { "content-type": "text/html" }), isServiceDecodeError],
    ["no content type", answers(200), isServiceDecodeError],
  ])("is not taken up where the answer is %s", async (_kind, script, isExpected) => {
    await using server = await eventServer(sends("data: a\n\n"), script);
    await using service = await startedPayments(server);
    const stream = service.events("/", quick);
    expect((await stream.next()).value).toEqual(message("a"));
    expect(isExpected(await reasonOf(stream.next()))).toBe(true);
    expect(server.requests).toHaveLength(2);
  });

  test("waits at least as long as the service says, by retry and by Retry-After", async () => {
    await using server = await eventServer(sends("retry: 60000\ndata: a\n\n"));
    await using service = await startedPayments(server);
    const stream = service.events("/", { deadlineMs: 5_000, ...quick });
    await stream.next();
    // It would come too late, so it is not waited for.
    await failureOf(stream.next(), isServiceConnectionError);
    await using busy = await eventServer(answers(503, { "retry-after": "60" }));
    await using other = await startedPayments(busy);
    const error = await failureOf(all(other.events("/", { deadlineMs: 5_000, ...quick })), isServiceResponseError);
    expect(error.retryAfterMs).toBe(60_000);
    expect(busy.requests).toHaveLength(1);
  });

  test("that brings nothing at all counts as broken, and comments are life", async () => {
    await using server = await eventServer((response) => {
      begin(response).write("data: a\n\n");
      let left = 5;
      const timer = setInterval(() => {
        response.write(": still here\n");
        if (--left === 0) clearInterval(timer);
      }, 40);
    }, noMore);
    await using service = await startedPayments(server);
    expect(await all(service.events("/", { idleTimeoutMs: 120, ...quick }))).toEqual([message("a")]);
    expect(server.requests).toHaveLength(2);
  });

  test("of which one line never ends fills no memory", async () => {
    await using server = await eventServer((response) => {
      begin(response);
      const more = (): void => {
        while (!response.destroyed && response.write("data: x".repeat(10_000)));
      };
      response.on("drain", more);
      more();
    });
    await using service = await startedPayments(server);
    const error = await failureOf(all(service.events("/", { maxEventLength: 100_000 })), isServiceDecodeError);
    expect(error.code).toBe("decode-too-large");
    await server.allClosed();
    expect(server.requests).toHaveLength(1);
  });

  test("that is reset before its head is taken up too", async () => {
    await using server = await rawServer((socket, number) => {
      socket.on("data", () => {
        if (number === 1) socket.resetAndDestroy();
        else socket.end("HTTP/1.1 204 No Content\r\n\r\n");
      });
    });
    await using service = await startedPayments(server);
    expect(await all(service.events("/", quick))).toEqual([]);
  });

  test("whose service is not there is given up with why", async () => {
    await using service = await startedPayments({ url: await refusingUrl() });
    const error = await failureOf(all(service.events("/", quick)), isServiceConnectionError);
    expect(error.code).toBe("connection-connect");
  });
});

describe("a POST", () => {
  const post = { method: "post", json: { prompt: "hi" } };

  test("ends with its stream, and is not sent again", async () => {
    await using server = await eventServer(sends("data: a\n\n"));
    await using service = await startedPayments(server);
    expect(await all(service.events("/chat", post))).toEqual([message("a")]);
    expect(server.requests).toMatchObject([{ method: "POST", body: '{"prompt":"hi"}' }]);
  });

  test("that breaks off is an error, and not sent again", async () => {
    await using server = await eventServer(breaksAfter("id: 1\ndata: a\n\n"));
    await using service = await startedPayments(server);
    const stream = service.events("/chat", post);
    await stream.next();
    const error = await failureOf(stream.next(), isServiceConnectionError);
    expect(error).toMatchObject({ outcome: "accepted", retryable: false });
    expect(server.requests).toHaveLength(1);
  });

  test("is sent again where the caller says that it resumes", async () => {
    await using server = await eventServer(breaksAfter("id: 1\ndata: a\n\n"), sends("id: 2\ndata: b\n\n"), noMore);
    await using service = await startedPayments(server);
    expect(await all(service.events("/chat", { ...post, ...quick }))).toHaveLength(2);
    expect(server.requests[1]).toMatchObject({ body: '{"prompt":"hi"}', headers: { "last-event-id": "1" } });
  });
});

describe("the end from this side", () => {
  test("comes with the caller's signal, with its reason, in the stream and between two", async () => {
    await using server = await eventServer(keepsOpenAfter("data: a\n\n"));
    await using service = await startedPayments(server);
    const controller = new AbortController();
    const stream = service.events("/", { signal: controller.signal });
    await stream.next();
    const next = reasonOf(stream.next());
    controller.abort("enough");
    expect(await next).toBe("enough");
    await server.allClosed();

    await using closing = await eventServer(sends("retry: 60000\ndata: a\n\n"));
    await using other = await startedPayments(closing);
    const second = new AbortController();
    const waiting = other.events("/", { signal: second.signal });
    await waiting.next();
    const waited = reasonOf(waiting.next());
    await closing.request(1);
    second.abort("enough");
    expect(await waited).toBe("enough");
  });

  test("comes with the deadline, over all connections, whether given or inherited", async () => {
    await using server = await eventServer(keepsOpenAfter("data: a\n\n"));
    await using service = await startedPayments(server);
    const given = await failureOf(all(service.events("/", { deadlineMs: 150, ...quick })), isServiceTimeoutError);
    expect(given.limit).toBe("deadline");
    const inherited = withDeadline({ deadlineMs: 150 }, () => all(service.events("/", { reconnect: false })));
    expect((await failureOf(inherited, isServiceTimeoutError)).limit).toBe("deadline");
  });

  test("does not come with the service's own deadline: a stream has none", async () => {
    await using server = await eventServer((response) => {
      begin(response).write("data: a\n\n");
      setTimeout(() => response.end("data: b\n\n"), 250);
    });
    await using service = await startedPayments(server, { deadlineMs: 100 });
    expect(await all(service.events("/", { reconnect: false }))).toHaveLength(2);
  });

  test("comes at once when the service is closed", async () => {
    await using server = await eventServer(keepsOpenAfter("data: a\n\n"));
    const service = await startedPayments(server, { closeTimeoutMs: 60_000 });
    const stream = service.events("/");
    await stream.next();
    const next = reasonOf(stream.next());
    await service.close();
    expect(isServiceUnavailableError(await next)).toBe(true);
  });

  test("wrong options are told at once", async () => {
    await using server = await eventServer(noMore);
    await using service = await startedPayments(server);
    const wrong = { reconnect: { maxFailures: -1, often: 1 }, idleTimeoutMs: 0, shouldEnd: 5, schema: {}, method: 1 };
    expect(() => service.events("/", wrong as never)).toThrow(
      /method must be.*[^]*schema must be.*[^]*maxFailures must be.*[^]*unknown option reconnect.often.*[^]*shouldEnd must be.*[^]*idleTimeoutMs must be/,
    );
    await failureOf(service.events("/", { recconect: true } as never).next(), isServiceConfigurationError);
    expect(server.connections).toBe(0);
  });
});
