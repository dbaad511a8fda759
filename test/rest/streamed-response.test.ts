import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  isServiceConfigurationError,
  isServiceConnectionError,
  isServiceDecodeError,
  isServiceResponseError,
  isServiceTimeoutError,
} from "../../src/core/errors.ts";
import { subscribe } from "../../src/core/events.ts";
import type { StreamedResponse } from "../../src/rest/streamed-response.ts";
import { type Answering, httpServer, rawAnswer } from "../support/http-server.ts";
import { failureOf, logbook, reasonOf, startedPayments } from "../support/rest-client.ts";
import { settled } from "../support/virtual-clock.ts";

const pieces =
  (...texts: readonly string[]): Answering =>
  (_request, response) => {
    response.setHeader("x-kind", "export");
    for (const text of texts) response.write(text);
    response.end();
  };

/** Writes the beginning, and nothing more. */
const stalled: Answering = (_request, response) => {
  response.on("error", () => undefined);
  response.write("begun");
};

/** Writes for as long as it is taken. */
const endless: Answering = (_request, response) => {
  response.on("error", () => undefined);
  const more = (): void => {
    while (!response.destroyed && response.write("x".repeat(64 * 1024)));
  };
  response.on("drain", more);
  more();
};

describe("a streamed response", () => {
  test("is there with its head, whatever the case of a header's name", async () => {
    await using server = await httpServer(pieces("a", "b"));
    await using service = await startedPayments(server);
    await using response = await service.stream("/export", { params: { a: 1 } });
    expect(response).toMatchObject({ status: 200, attempts: [{ status: 200 }] });
    expect(response.header("X-Kind")).toBe("export");
    expect(response.timings.totalMs).toBeGreaterThan(0);
    let text = "";
    for await (const piece of response.body) text += Buffer.from(piece).toString();
    expect(text).toBe("ab");
    expect(server.requests[0]).toMatchObject({ method: "GET", url: "/export?a=1" });
  });

  test("stays under way until it is read, whatever its headers say of a quota, and they are heeded", async () => {
    const goOn = Promise.withResolvers<void>();
    await using server = await httpServer((_request, response) => {
      response.setHeader("ratelimit", '"calls";r=0;t=60').write("do");
      void goOn.promise.then(() => response.end("ne"));
    });
    await using service = await startedPayments(server);
    const inFlight = async (): Promise<unknown> => (await service.checkHealth()).details?.["inFlight"];
    await using response = await service.stream("/export");
    expect(await inFlight()).toBe(1);
    goOn.resolve();
    expect(await response.text()).toBe("done");
    expect(await inFlight()).toBe(0);
    const refused = await service.get("/x", { deadlineMs: 5_000 }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ outcome: "not-sent" });
    expect(server.requests).toHaveLength(1);
  });

  test("is made with any method and any body", async () => {
    await using server = await httpServer(pieces("done"));
    await using service = await startedPayments(server);
    await using response = await service.stream("/jobs", { method: "post", json: { a: 1 } });
    expect(await response.text()).toBe("done");
    expect(server.requests[0]).toMatchObject({ method: "POST", body: '{"a":1}' });
  });

  test("is tried again up to its head; what is no success is an error with its body", async () => {
    await using server = await httpServer((_request, response, number) => {
      response.statusCode = number === 1 ? 503 : 404;
      response.end("gone");
    });
    await using service = await startedPayments(server);
    const error = await failureOf(service.stream("/export"), isServiceResponseError);
    expect(error).toMatchObject({ status: 404, body: "gone", attempts: [{ status: 503 }, { status: 404 }] });
  });

  test("gives text, JSON, bytes, or the whole response", async () => {
    await using server = await httpServer(pieces('{"id":', '"pay_1"}'));
    await using service = await startedPayments(server);
    expect(await (await service.stream("/")).text()).toBe('{"id":"pay_1"}');
    expect(await (await service.stream("/")).json()).toEqual({ id: "pay_1" });
    expect(await (await service.stream("/")).json(z.object({ id: z.string() }))).toEqual({ id: "pay_1" });
    expect(await (await service.stream("/")).json({ 200: z.object({ id: z.string() }) })).toEqual({ id: "pay_1" });
    expect((await (await service.stream("/")).bytes()).byteLength).toBe(14);
    expect(await (await service.stream("/")).read()).toMatchObject({ status: 200, attempts: [{ status: 200 }] });
    await failureOf((await service.stream("/")).json(z.object({ id: z.number() })), isServiceDecodeError);
  });

  test("whose body must not be buffered says so at maxResponseBytes, and lets the connection go", async () => {
    await using server = await httpServer(endless);
    await using service = await startedPayments(server, { maxResponseBytes: 100_000 });
    const error = await failureOf((await service.stream("/")).text(), isServiceDecodeError);
    expect(error).toMatchObject({ code: "decode-too-large", status: 200, outcome: "accepted" });
    await server.allClosed();
  });

  test("has no limit of size where it is read piece by piece", async () => {
    await using server = await httpServer(
      pieces(
        ..."x"
          .repeat(20)
          .split("")
          .map((x) => x.repeat(10_000)),
      ),
    );
    await using service = await startedPayments(server, { maxResponseBytes: 1_000 });
    await using response = await service.stream("/");
    let bytes = 0;
    for await (const piece of response.body) bytes += piece.byteLength;
    expect(bytes).toBe(200_000);
  });

  test.each(["left early", "disposed unread", "its node stream destroyed", "its web stream cancelled"])(
    "that is %s gives its connection back",
    async (how) => {
      await using server = await httpServer(stalled);
      await using service = await startedPayments(server);
      const response = await service.stream("/");
      if (how === "left early") for await (const _ of response.body) break;
      if (how === "disposed unread") await response[Symbol.asyncDispose]();
      if (how === "its node stream destroyed") response.toReadable().destroy();
      if (how === "its web stream cancelled") await response.toReadableStream().cancel();
      await server.allClosed();
      expect(server.openConnections).toBe(0);
    },
  );

  test.each(["while it is read", "before it is read"])(
    "that is disposed %s is an error, and no shorter body",
    async (when) => {
      await using server = await httpServer(stalled);
      const { logger, entries } = logbook(false);
      await using service = await startedPayments(server, { logger });
      const read: ((response: StreamedResponse) => Promise<unknown>)[] = [
        (response) => response.text(),
        (response) => response.toReadable().toArray(),
        (response) => textOf(response.toReadableStream()),
        (response) => response.pipeTo(new PassThrough()),
      ];
      for (const reading of read) {
        const response = await service.stream("/");
        if (when === "before it is read") await response[Symbol.asyncDispose]();
        const failure = failureOf(reading(response), isServiceConfigurationError);
        await settled();
        await response[Symbol.asyncDispose]();
        expect((await failure).problems).toEqual([
          "GET /: the response was disposed before its body was read to its end",
        ]);
      }
      expect(entries.filter(({ level }) => level === "warn")).toEqual([]);
    },
  );

  test("that was read to its end is disposed without a word", async () => {
    await using server = await httpServer(pieces("a", "b"));
    await using service = await startedPayments(server);
    const response = await service.stream("/");
    const readable = response.toReadable();
    expect(Buffer.concat(await readable.toArray()).toString()).toBe("ab");
    await response[Symbol.asyncDispose]();
    expect(readable.errored).toBe(null);
  });

  test("that stalls ends by the limit between two pieces, and is logged once", async () => {
    await using server = await httpServer(stalled);
    const { logger, entries } = logbook(false);
    await using service = await startedPayments(server, { bodyIdleTimeoutMs: 50, logger });
    const error = await failureOf((await service.stream("/")).text(), isServiceTimeoutError);
    expect(error).toMatchObject({ limit: "body-idle", phase: "body", outcome: "accepted" });
    expect(entries.filter(({ level }) => level === "warn")).toMatchObject([{ message: "call failed" }]);
  });

  test("that breaks off is an error, and no shorter body", async () => {
    await using server = await rawAnswer("HTTP/1.1 200 OK\ncontent-length: 10\n\nhalf");
    await using service = await startedPayments(server);
    const error = await failureOf((await service.stream("/")).text(), isServiceConnectionError);
    expect(error).toMatchObject({ outcome: "accepted", phase: "body" });
  });

  test("ends with the caller's reason, unchanged, also in the middle of its body", async () => {
    await using server = await httpServer(stalled);
    await using service = await startedPayments(server);
    const controller = new AbortController();
    const response = await service.stream("/", { signal: controller.signal });
    const text = reasonOf(response.text());
    controller.abort("enough");
    expect(await text).toBe("enough");
  });

  test("of a 304 has an empty body", async () => {
    await using server = await httpServer((_request, response) => void response.writeHead(304).end());
    await using service = await startedPayments(server);
    const response = await service.stream("/", { headers: { "if-none-match": '"a"' } });
    expect(response.status).toBe(304);
    expect(await response.text()).toBe("");
  });
});

describe("where it goes", () => {
  test("a stream of Node and one of the web platform get all of it, in order", async () => {
    const texts = Array.from({ length: 50 }, (_, number) => `${number};`.repeat(1_000));
    await using server = await httpServer(pieces(...texts));
    await using service = await startedPayments(server);
    const chunks: Buffer[] = [];
    for await (const chunk of (await service.stream("/")).toReadable()) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toBe(texts.join(""));
    const web = (await service.stream("/")).toReadableStream();
    expect(await new Response(web).text()).toBe(texts.join(""));
  });

  test("pipeTo writes it and ends the destination", async () => {
    await using server = await httpServer(pieces("a", "b"));
    await using service = await startedPayments(server);
    const node = new PassThrough();
    await (await service.stream("/")).pipeTo(node);
    expect(node.writableFinished).toBe(true);
    expect(String(node.read())).toBe("ab");
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const text = new Response(readable).text();
    await (await service.stream("/")).pipeTo(writable);
    expect(await text).toBe("ab");
  });

  test("a destination that fails ends the call with its own error, and the connection with it", async () => {
    await using server = await httpServer(endless);
    await using service = await startedPayments(server);
    const full = new Error("the disk is full");
    const destination = new Writable({ write: (_chunk, _encoding, done) => done(full) });
    expect(await reasonOf((await service.stream("/")).pipeTo(destination))).toBe(full);
    await server.allClosed();
  });

  test("a destination that takes nothing is not waited for beyond the deadline", async () => {
    await using server = await httpServer(endless);
    await using service = await startedPayments(server);
    const destination = new Writable({ highWaterMark: 1, write: () => undefined });
    const response = await service.stream("/", { deadlineMs: 2_000 });
    const error = await failureOf(response.pipeTo(destination), isServiceTimeoutError);
    expect(error.limit).toBe("deadline");
    expect(destination.destroyed).toBe(true);
    await server.allClosed();
  });

  test("a stream of Node that nobody reads is destroyed with the error of the call", async () => {
    await using server = await httpServer(endless);
    await using service = await startedPayments(server);
    const readable = (await service.stream("/", { deadlineMs: 2_000 })).toReadable();
    const [error] = (await once(readable, "error")) as [unknown];
    expect(isServiceTimeoutError(error)).toBe(true);
  });
});

describe("the event that a streamed call has ended", () => {
  /** What is told of the calls made within, as they end. */
  async function endsOf(answering: Answering, read: (response: StreamedResponse) => Promise<unknown>) {
    const ends: unknown[] = [];
    const stop = subscribe("hawser:call:end", (event) => ends.push(event));
    try {
      await using server = await httpServer(answering);
      await using service = await startedPayments(server, { retry: false });
      const response = await service.stream("/export");
      await read(response).catch(() => undefined);
      await response[Symbol.asyncDispose]();
    } finally {
      stop();
    }
    return ends;
  }

  test("comes with the last byte of its body", async () => {
    const ends = await endsOf(pieces("a", "b"), (response) => response.text());
    expect(ends).toMatchObject([{ result: "success", status: 200 }]);
  });

  test("says that its body broke off", async () => {
    const broken: Answering = (_request, response) => {
      response.write("begun", () => response.destroy());
    };
    const ends = await endsOf(broken, (response) => response.text());
    expect(ends).toMatchObject([{ result: "failure", status: 200, code: "connection-reset", outcome: "accepted" }]);
  });

  test("comes once, as success, when its reader has had enough", async () => {
    const ends = await endsOf(endless, (response) => response.body[Symbol.asyncIterator]().next());
    expect(ends).toMatchObject([{ result: "success", status: 200 }]);
  });
});
