import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import * as http from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { isServiceConnectionError, isServiceResponseError } from "../../src/core/errors.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { httpServer, httpsServer, rawServer } from "../support/http-server.ts";
import { failureOf, payments, startedPayments } from "../support/rest-client.ts";
import { textOfBody, TransportCalls } from "../support/transport-calls.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";

let certificates: Certificates;

beforeAll(async () => {
  certificates = await makeCertificates();
});

test("aborts, resets and refusals in any order leave every place in the pool to the next call", async () => {
  let requests = 0;
  let isWell = false;
  await using server = await rawServer((socket) => {
    socket.on("data", (data) => {
      const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
      requests += data.toString("latin1").split("\r\n\r\n").length - 1;
      if (!isWell && requests % 7 === 0) socket.resetAndDestroy();
      else if (!isWell && requests % 5 === 0) socket.end(answer);
      else setImmediate(() => socket.write(answer));
    });
  });
  const options = { maxConnections: 3, concurrency: false, circuitBreaker: false } as const;
  await using service = await startedPayments(server, options);
  const calls = Array.from({ length: 200 }, async (_, i) => {
    const controller = new AbortController();
    const call = service.put("/x", { json: i, signal: controller.signal });
    call.catch(() => undefined);
    if (i % 3 === 0) for (let turn = 0; turn < i % 17; turn++) await settled();
    if (i % 3 === 0) controller.abort(i);
    return call;
  });
  await Promise.allSettled(calls);
  isWell = true;
  const after = await Promise.all(Array.from({ length: 12 }, () => service.getJson("/x")));
  expect(after).toEqual(Array.from({ length: 12 }, () => ({})));
  expect(server.openConnections).toBeLessThanOrEqual(3);
  expect((await service.checkHealth()).details).toMatchObject({ inFlight: 0 });
});

describe("where no connection comes about, each call that waits for one ends by its own attempt", () => {
  const options = { maxConnections: 1, concurrency: false, retry: false, circuitBreaker: false } as const;

  async function kinds(calls: readonly Promise<unknown>[]): Promise<unknown[]> {
    const errors = await Promise.all(calls.map((call) => failureOf(call, isServiceConnectionError)));
    return errors.map(({ code, outcome }) => [code, outcome]);
  }

  test("refused", async () => {
    const server = await httpServer();
    await server[Symbol.asyncDispose]();
    await using service = await startedPayments(server, options);
    const calls = Array.from({ length: 5 }, () => service.get("/x"));
    expect(await kinds(calls)).toEqual(Array.from({ length: 5 }, () => ["connection-connect", "not-sent"]));
    expect((await service.checkHealth()).details).toMatchObject({ inFlight: 0 });
  });

  test("by a certificate of another name", async () => {
    await using server = await httpsServer(certificates.elsewhere);
    await using service = await startedPayments(server, { ...options, tls: { ca: certificates.ca } });
    const calls = Array.from({ length: 5 }, () => service.get("/x"));
    expect(await kinds(calls)).toEqual(Array.from({ length: 5 }, () => ["connection-tls", "not-sent"]));
    expect((await service.checkHealth()).details).toMatchObject({ inFlight: 0 });
  });
});

describe("connections that have grown old", () => {
  test.each([
    ["a tenth early at the least", 0, 54_000],
    ["a tenth late at the most", 1, 66_000],
  ])("are replaced, %s", async (_when, chance, atMs) => {
    const clock = new VirtualClock();
    await using server = await httpServer();
    const options = { clock, random: () => chance, maxConnectionAgeMs: 60_000, maxConnections: 1 };
    await using service = await startedPayments(server, options);
    await service.get("/x");
    clock.jump(atMs - 1);
    await service.get("/x");
    expect(server.connections).toBe(1);
    clock.jump(1);
    await service.get("/x");
    expect(server.connections).toBe(2);
    while (server.openConnections > 1) await service.get("/x");
  });

  test("are kept to their end by the calls that are under way on them, waiting ones too", async () => {
    const clock = new VirtualClock();
    const held: (() => void)[] = [];
    await using server = await httpServer((request, response) => {
      if (request.url === "/held") held.push(() => response.end("{}"));
      else response.end("{}");
    });
    // The pool's own queue, not that of the concurrency limit.
    const options = { clock, maxConnectionAgeMs: 1_000, maxConnections: 1, concurrency: false } as const;
    await using service = await startedPayments(server, options);
    const [first, second] = [service.getJson("/held"), service.getJson("/held")];
    await server.request(1);
    clock.jump(2_000);
    expect(await service.getJson("/x")).toEqual({});
    held[0]?.();
    expect(await first).toEqual({});
    await server.request(3);
    held[1]?.();
    expect(await second).toEqual({});
  });

  test("are ended with the service, however old", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer((_request, response) => void response.write("x"));
    const calls = new TransportCalls(server, { clock, maxConnectionAgeMs: 1_000, closeTimeoutMs: 10 });
    await calls.open("/1");
    clock.jump(2_000);
    await calls.open("/2");
    const closing = calls.close();
    await clock.advance(10);
    await closing;
    await server.allClosed();
    expect(server.connections).toBe(2);
  });

  test("are never replaced where the age is false", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer();
    await using service = await startedPayments(server, { clock, maxConnectionAgeMs: false, maxConnections: 1 });
    await service.get("/x");
    clock.jump(1e12);
    await service.get("/x");
    expect(server.connections).toBe(1);
  });
});

describe("HTTP/2", () => {
  async function http2Server(): Promise<{ url: string; sessions: () => number } & AsyncDisposable> {
    const sessions = new Set<http2.ServerHttp2Session>();
    let count = 0;
    const server = http2.createSecureServer({ ...certificates.server, allowHTTP1: true });
    server.on("session", (session) => {
      count += 1;
      sessions.add(session);
      session.on("close", () => sessions.delete(session));
    });
    server.on("request", (request, response) => {
      request.resume();
      request.on("end", () => {
        response.writeHead(request.url === "/missing" ? 404 : 200, { "content-type": "application/json" });
        if (request.url === "/large") response.end(Buffer.alloc(4 * 1024 * 1024, "x"));
        else response.end(JSON.stringify({ version: request.httpVersion }));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
      sessions: () => count,
      async [Symbol.asyncDispose]() {
        for (const session of sessions) session.destroy();
        server.close();
        await once(server, "close");
      },
    };
  }

  test("is offered where it is asked for: many calls share a connection", async () => {
    await using server = await http2Server();
    await using service = await startedPayments(server, { http2: true, tls: { ca: certificates.ca } });
    const answers = await Promise.all(Array.from({ length: 50 }, () => service.getJson("/x")));
    expect(answers).toEqual(Array.from({ length: 50 }, () => ({ version: "2.0" })));
    expect(server.sessions()).toBe(1);
    expect(await service.postJson("/x", { json: { a: 1 } })).toEqual({ version: "2.0" });
    expect(await failureOf(service.get("/missing"), isServiceResponseError)).toMatchObject({ status: 404 });
  });

  test("gives open bodies too, whole or left early", async () => {
    await using server = await http2Server();
    await using calls = new TransportCalls(server, { http2: true, tls: { ca: certificates.ca } });
    const { value } = await calls.open("/large");
    expect(await textOfBody(value.body)).toHaveLength(4 * 1024 * 1024);
    const left = await calls.open("/large");
    for await (const chunk of left.value.body) if (chunk.byteLength > 0) break;
    expect(calls.pipeline.inFlight).toBe(0);
    expect(await textOfBody((await calls.open("/x")).value.body)).toContain("2.0");
  });

  test("is not offered unless it is asked for", async () => {
    await using server = await http2Server();
    await using service = await startedPayments(server, { tls: { ca: certificates.ca } });
    expect(await service.getJson("/x")).toEqual({ version: "1.1" });
  });

  test("is not needed by a service that knows none", async () => {
    await using server = await httpsServer(certificates.server);
    await using service = await startedPayments(server, { http2: true, tls: { ca: certificates.ca } });
    expect(await service.getJson("/x")).toEqual({});
  });

  test("over plain HTTP is a contradiction", () => {
    expect(() => payments({ url: "http://api.test" }, { http2: true })).toThrow("http2 needs a base URL with https");
  });
});

describe("a unix socket", () => {
  test("is where every connection goes; the host is still that of the base URL", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hawser-socket-"));
    const socketPath = join(folder, "service.sock");
    const server = http.createServer((request, response) => {
      if (request.url === "/away") response.writeHead(302, { location: "http://elsewhere.test/x" });
      response.end(JSON.stringify({ host: request.headers.host }));
    });
    server.listen(socketPath);
    await once(server, "listening");
    try {
      await using service = await startedPayments({ url: "http://docker.test" }, { socketPath });
      expect(await service.getJson("/x")).toEqual({ host: "docker.test" });
      const error = await failureOf(service.get("/away"), isServiceResponseError);
      expect(error.message).toContain("it leads to http://elsewhere.test, and every connection leads to socketPath");
    } finally {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    }
  });

  test("that is not there is a connection that could not be made", async () => {
    await using service = await startedPayments(
      { url: "http://x.test" },
      { socketPath: "/no/such.sock", retry: false },
    );
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "connect", outcome: "not-sent" });
  });
});

describe("mutual TLS", () => {
  test("shows the certificate that was given, to the service alone", async () => {
    const { ca, server: own, client } = certificates;
    await using server = await httpsServer({ ...own, ca, requestCert: true, rejectUnauthorized: true });
    await using service = await startedPayments(server, { tls: { ca, ...client } });
    expect(await service.getJson("/x")).toEqual({});
    await using without = await startedPayments(server, { tls: { ca }, retry: false });
    await failureOf(without.get("/x"), isServiceConnectionError);
    expect(server.requests).toHaveLength(1);
  });
});
