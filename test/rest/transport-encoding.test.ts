import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { isServiceDecodeError, isServiceResponseError, isServiceTimeoutError } from "../../src/core/errors.ts";
import { type Answering, httpServer } from "../support/http-server.ts";
import { failureOf, startedPayments } from "../support/rest-client.ts";
import { textOfBody, TransportCalls } from "../support/transport-calls.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";

const value = { text: "hello ".repeat(1_000) };
const json = JSON.stringify(value);
const codings: readonly [string, (text: string) => Uint8Array][] = [
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
  ["gzip, br", (text) => brotliCompressSync(gzipSync(text))],
];

const answerEncoded =
  (encoding: string, body: Uint8Array, status = 200): Answering =>
  (_request, response) => {
    response.writeHead(status, { "content-encoding": encoding, "content-type": "application/json" });
    response.end(body);
  };

describe("an encoded answer", () => {
  test.each(codings)("in %s is decoded, and its headers no longer say that it is encoded", async (encoding, encode) => {
    await using server = await httpServer(answerEncoded(encoding, encode(json)));
    await using service = await startedPayments(server);
    const response = await service.get("/x");
    expect(response.json()).toEqual(value);
    expect(response.headers).not.toHaveProperty("content-encoding");
    expect(response.headers).not.toHaveProperty("content-length");
  });

  test("that grows beyond maxResponseBytes is an error", async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1024 * 1024));
    await using server = await httpServer(answerEncoded("gzip", bomb));
    await using service = await startedPayments(server, { maxResponseBytes: 1024 * 1024 });
    const error = await failureOf(service.get("/x"), isServiceDecodeError);
    expect(error).toMatchObject({ fault: "too-large", outcome: "accepted", status: 200, retryable: false });
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ["cut off", "gzip", gzipSync(json).subarray(0, -10), "ends before its encoding (gzip) does"],
    ["broken", "br", Buffer.from(json), "is not what its encoding (br) should be"],
    ["of an unknown kind", "sdch", Buffer.from(json), 'in a way that is not known: "sdch"'],
  ])("that is %s is an error, and the pool is well afterwards", async (_how, encoding, body, text) => {
    await using server = await httpServer((request, response, number) =>
      number === 1 ? answerEncoded(encoding, body)(request, response, number) : response.end("{}"),
    );
    await using service = await startedPayments(server, { maxConnections: 1 });
    const error = await failureOf(service.get("/x"), isServiceDecodeError);
    expect(error).toMatchObject({ fault: "encoding", code: "decode-encoding", phase: "decode", outcome: "accepted" });
    expect(error.message).toContain(text);
    expect(await service.getJson("/x")).toEqual({});
  });

  test("of an error is read like any other", async () => {
    await using server = await httpServer(answerEncoded("gzip", gzipSync('{"code":"no_funds"}'), 402));
    await using service = await startedPayments(server);
    const error = await failureOf(service.get("/x"), isServiceResponseError);
    expect(error.body).toEqual({ code: "no_funds" });
  });

  test("of an error that cannot be read is still that error", async () => {
    await using server = await httpServer(answerEncoded("gzip", Buffer.from("no"), 402));
    await using service = await startedPayments(server);
    const error = await failureOf(service.get("/x"), isServiceResponseError);
    expect(error).toMatchObject({ status: 402, body: "" });
  });

  test.each([
    ["HEAD", 200],
    ["GET", 204],
    ["GET", 304],
  ])("to %s with status %i has no body to decode, and keeps its headers", async (method, status) => {
    await using server = await httpServer((_request, response) => {
      response.writeHead(status, { "content-encoding": "gzip" });
      response.end();
    });
    await using service = await startedPayments(server);
    expect((await service.request(method, "/x")).headers["content-encoding"]).toBe("gzip");
  });

  test("comes as it is to whoever asked for it and wants none decoded", async () => {
    await using server = await httpServer(answerEncoded("gzip", gzipSync(json)));
    await using service = await startedPayments(server, { decompress: false, headers: { "accept-encoding": "gzip" } });
    const response = await service.get("/x");
    expect(response.headers["content-encoding"]).toBe("gzip");
    expect(Buffer.from(response.bytes())).toEqual(gzipSync(json));
  });
});

describe("an encoded open body", () => {
  test.each(codings)("in %s is decoded as it flows", async (encoding, encode) => {
    await using server = await httpServer(answerEncoded(encoding, encode(json)));
    await using calls = new TransportCalls(server);
    const { value: answer } = await calls.open("/x");
    expect(answer.headers).not.toHaveProperty("content-encoding");
    expect(await textOfBody(answer.body)).toBe(json);
  });

  test("has its limit of bytes on what comes out", async () => {
    await using server = await httpServer(answerEncoded("gzip", gzipSync(Buffer.alloc(50 * 1024 * 1024))));
    await using calls = new TransportCalls(server);
    const { value: answer } = await calls.open("/x", { maxBytes: 1024 * 1024 });
    const error = await failureOf(textOfBody(answer.body), isServiceDecodeError);
    expect(error).toMatchObject({ fault: "too-large", outcome: "accepted" });
    expect(error.message).toContain("1048576 bytes");
  });

  test.each([
    ["cut off", gzipSync(json).subarray(0, -10), "ends before its encoding (gzip) does"],
    ["broken", Buffer.from(json), "is not what its encoding (gzip) should be"],
  ])("that is %s is an error", async (_how, body, text) => {
    await using server = await httpServer(answerEncoded("gzip", body));
    await using calls = new TransportCalls(server);
    const { value: answer } = await calls.open("/x");
    const error = await failureOf(textOfBody(answer.body), isServiceDecodeError);
    expect(error).toMatchObject({ fault: "encoding", outcome: "accepted", status: 200 });
    expect(error.message).toContain(text);
  });

  test("fails with the call's own error where a limit passes", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      response.write(gzipSync(json).subarray(0, 20));
    });
    await using calls = new TransportCalls(server, { clock });
    const { value: answer } = await calls.open("/x");
    const failed = failureOf(textOfBody(answer.body), isServiceTimeoutError);
    await settled();
    await clock.advance(15_000);
    expect(await failed).toMatchObject({ limit: "body-idle" });
    await server.allClosed();
  });

  test("left early closes its connection, also for whoever waits for more", async () => {
    await using server = await httpServer((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      response.write(gzipSync(json).subarray(0, 20));
    });
    await using calls = new TransportCalls(server);
    const { value: answer } = await calls.open("/x");
    const waiting = answer.body[Symbol.asyncIterator]().next();
    await settled();
    await answer.body[Symbol.asyncDispose]();
    expect(await waiting).toEqual({ done: true, value: undefined });
    await server.allClosed();
    expect(calls.pipeline.inFlight).toBe(0);
  });
});
