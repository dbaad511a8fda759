import * as net from "node:net";
import { describe, expect, test } from "vitest";
import { isServiceTimeoutError } from "../../src/core/errors.ts";
import { ConnectLimit, type Connector } from "../../src/rest/connect-limit.ts";
import { httpServer, rawServer } from "../support/http-server.ts";
import { failureOf, reasonOf, startedPayments } from "../support/rest-client.ts";
import { TransportCalls } from "../support/transport-calls.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const to = { hostname: "api.test", protocol: "http:", port: "80" };
const limits = { connectTimeoutMs: 200, retry: false } as const;
const passed = { limit: "connect", limitMs: 200, phase: "connect", outcome: "not-sent", retryable: true };

// The clock stands still until it is moved: a limit on any other timer would not pass at all.
describe("the limit passes to the millisecond, and leaves no socket behind,", () => {
  test("in the look-up of the name", async () => {
    const clock = new VirtualClock();
    const asked = Promise.withResolvers<void>();
    await using calls = new TransportCalls({ url: "http://api.test" }, { clock, ...limits, proxy: false }, () =>
      asked.resolve(),
    );
    const failure = failureOf(calls.open("/x"), isServiceTimeoutError);
    await asked.promise;
    // Two retries, which the calls of this helper always have, wait no time.
    for (let attempt = 0; attempt < 3; attempt++) await clock.advance(200);
    expect(await failure).toMatchObject({ ...passed, attempts: [{ durationMs: 200 }, {}, {}] });
  });

  test("in the TLS handshake", async () => {
    const clock = new VirtualClock();
    await using server = await rawServer((socket) => void socket.resume());
    await using service = await startedPayments({ url: server.url.replace("http:", "https:") }, { clock, ...limits });
    const failure = failureOf(service.post("/x", { json: 1 }), isServiceTimeoutError);
    await server.connected(1);
    await clock.advance(199);
    expect(server.openConnections).toBe(1);
    await clock.advance(1);
    expect(await failure).toMatchObject({ ...passed, elapsedMs: 200 });
    await server.allClosed();
  });

  test.each([
    ["while a proxy does not grant the tunnel", "http:"],
    ["in the TLS handshake with a proxy", "https:"],
  ])("%s", async (_when, scheme) => {
    const clock = new VirtualClock();
    const asked = Promise.withResolvers<void>();
    await using proxy = await rawServer((socket) => void socket.once("data", () => asked.resolve()));
    await using service = await startedPayments(
      { url: "https://api.test" },
      { clock, ...limits, proxy: `${scheme}//localhost:${proxy.port}` },
    );
    const failure = failureOf(service.post("/x", { json: 1 }), isServiceTimeoutError);
    await asked.promise;
    await clock.advance(200);
    expect(await failure).toMatchObject({ ...passed, elapsedMs: 200 });
    await proxy.allClosed();
  });

  test("in the TLS handshake within the tunnel of a proxy, which has no limit of its own", async () => {
    const clock = new VirtualClock();
    const handshake = Promise.withResolvers<void>();
    await using proxy = await rawServer((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.once("data", () => handshake.resolve());
      });
    });
    await using service = await startedPayments({ url: "https://api.test" }, { clock, ...limits, proxy: proxy.url });
    const failure = failureOf(service.post("/x", { json: 1 }), isServiceTimeoutError);
    await handshake.promise;
    await clock.advance(200);
    expect(await failure).toMatchObject({ ...passed, elapsedMs: 200 });
    await proxy.allClosed();
  });
});

test("a connection that is made in time is under no limit any more", async () => {
  const clock = new VirtualClock();
  await using server = await httpServer();
  await using service = await startedPayments(server, { clock, ...limits });
  await service.get("/x");
  await clock.advance(60_000);
  await service.get("/x");
  expect(server.connections).toBe(1);
});

test("a service that is closed gives up the connections that nobody waits for any more", async () => {
  const clock = new VirtualClock();
  await using server = await rawServer((socket) => void socket.resume());
  const service = await startedPayments({ url: server.url.replace("http:", "https:") }, { clock });
  const controller = new AbortController();
  const call = reasonOf(service.get("/x", { signal: controller.signal }));
  await server.connected(1);
  controller.abort("enough");
  expect(await call).toBe("enough");
  await service.close();
  await server.allClosed();
});

describe("a connector within the limit", () => {
  test("that comes too late has its socket destroyed, and calls nobody back again", async () => {
    const clock = new VirtualClock();
    const socket = new net.Socket();
    const late: Parameters<Connector>[1][] = [];
    const ends: unknown[][] = [];
    new ConnectLimit(200, clock).within((_options, callback) => void late.push(callback))(to, (...end) =>
      ends.push(end),
    );
    await clock.advance(200);
    late[0]?.(null, socket);
    expect(ends).toEqual([[expect.objectContaining({ code: "UND_ERR_CONNECT_TIMEOUT" }), null]]);
    expect(socket.destroyed).toBe(true);
  });

  test("learns by its signal that it was given up, and why", async () => {
    const clock = new VirtualClock();
    const limit = new ConnectLimit(200, clock);
    const signals: (AbortSignal | undefined)[] = [];
    const connect = limit.within(({ signal }) => void signals.push(signal));
    connect(to, () => undefined);
    await clock.advance(200);
    connect(to, () => undefined);
    limit.close();
    expect(signals.map((signal) => signal?.reason as unknown)).toMatchObject([
      { code: "UND_ERR_CONNECT_TIMEOUT", message: "no connection within 200 ms" },
      { message: "the service was closed" },
    ]);
    expect(clock.timers).toBe(0);
  });

  test("that throws, or fails by itself, leaves no timer", () => {
    const clock = new VirtualClock();
    const limit = new ConnectLimit(200, clock);
    const ends: unknown[][] = [];
    const refused = new Error("refused");
    const throwing = limit.within(() => {
      throw refused;
    });
    expect(() => throwing(to, () => undefined)).toThrow(refused);
    limit.within((_options, callback) => callback(refused, null))(to, (...end) => ends.push(end));
    expect(ends).toEqual([[refused, null]]);
    expect(clock.timers).toBe(0);
  });
});
