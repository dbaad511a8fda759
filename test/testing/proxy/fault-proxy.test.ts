import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../../src/core/logger.ts";
import { VirtualClock } from "../../../src/core/virtual-clock.ts";
import { type FaultProxy, faultProxy } from "../../../src/testing/proxy/fault-proxy.ts";
import { scriptedServer } from "../../../src/testing/streams/scripted-server.ts";
import { type Certificates, makeCertificates } from "../../support/certificates.ts";
import { answerJson, httpServer } from "../../support/http-server.ts";
import { anyFailureOf, payments } from "../../support/rest-client.ts";
import { Feed, thrownBy, turns, until } from "../../websocket/peer.ts";

/** A TCP server that hands out its sockets; everything is closed at the end. */
async function tcpServer(onSocket: (socket: Socket) => void): Promise<Server & { port: number; at: string }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((done) => server.close(() => done()));
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(server, { port, at: `127.0.0.1:${port}` });
}

/** What a client of the proxy gets, until its connection is over. */
async function heard(proxy: FaultProxy, say = "x"): Promise<{ text: string; end: string; tookMs: number }> {
  const startedAt = performance.now();
  const client = connect(proxy.port, "127.0.0.1");
  let text = "";
  let end = "close";
  client.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  client.on("end", () => (end = "end"));
  client.on("error", (error: NodeJS.ErrnoException) => (end = error.code ?? "error"));
  client.write(say);
  await once(client, "close").catch(() => undefined);
  return { text, end, tookMs: performance.now() - startedAt };
}

const answering = (text: string): Promise<Server & { port: number; at: string }> =>
  tcpServer((socket) => socket.once("data", () => socket.end(text)));

test("a call goes through, and is counted", async () => {
  await using server = await httpServer(answerJson({ ok: true }));
  await using proxy = await faultProxy({ target: server.url });
  expect(proxy.url).toBe(`http://127.0.0.1:${proxy.port}`);
  await using service = payments(proxy);
  await service.connect();
  expect(await service.getJson("/a")).toEqual({ ok: true });
  expect(proxy.counts).toMatchObject({ accepted: 1, forwarded: 1, struck: 0, failed: 0, open: 1 });
  const [connection] = proxy.connections;
  expect(connection).toMatchObject({ number: 1, isOpen: true });
  expect(connection?.bytesToTarget).toBeGreaterThan(50);
  expect(proxy.counts.bytesToClient).toBe(connection?.bytesToClient);
});

describe("a fault of the line", () => {
  test("latency delays each direction by itself", async () => {
    const server = await answering("hello");
    await using proxy = await faultProxy({ target: server.at, toTarget: { latencyMs: 60 } });
    const oneWay = await heard(proxy);
    expect(oneWay).toMatchObject({ text: "hello", end: "end" });
    expect(oneWay.tookMs).toBeGreaterThanOrEqual(59);
    proxy.set({ latencyMs: 60 });
    expect((await heard(proxy)).tookMs).toBeGreaterThanOrEqual(118);
    proxy.set({});
    expect((await heard(proxy)).text).toBe("hello");
  });

  test("jitter keeps the order", async () => {
    const digits = "0123456789".repeat(20);
    const spell = async (socket: Socket): Promise<void> => {
      for (const digit of digits) {
        socket.write(digit);
        await new Promise<void>((done) => setImmediate(done));
      }
      socket.end();
    };
    const server = await tcpServer((socket) => socket.once("data", () => void spell(socket)));
    await using proxy = await faultProxy({ target: `127.0.0.1:${server.port}`, jitterMs: 20, seed: 7 });
    expect((await heard(proxy)).text).toBe(digits);
  });

  test("a slow line takes its time for the bytes, and loses none", async () => {
    const text = "abcdefgh".repeat(2_500);
    const server = await answering(text);
    await using proxy = await faultProxy({ target: server.at, toClient: { bytesPerSecond: 100_000 } });
    const slow = await heard(proxy);
    expect(slow.text).toBe(text);
    // 20,000 bytes at 100,000 a second, the last piece of which nobody has to wait for.
    expect(slow.tookMs).toBeGreaterThanOrEqual(140);
  });

  test("a line that was slow is slow no longer once the fault is taken back", async () => {
    const server = await answering("hello");
    await using proxy = await faultProxy({ target: server.at, toClient: { bytesPerSecond: 1 } });
    const answer = heard(proxy);
    await until(() => proxy.counts.bytesToClient === 1);
    proxy.set({});
    expect(proxy.counts.bytesToClient).toBe(5);
    expect((await answer).text).toBe("hello");
  });

  test("faults that change while bytes flow lose none and repeat none", async () => {
    const text = Array.from({ length: 400_000 }, (_, at) => String.fromCharCode(97 + (at % 26))).join("");
    const server = await answering(text);
    await using proxy = await faultProxy({ target: server.at, toClient: { bytesPerSecond: 1_000_000 } });
    const answer = heard(proxy);
    const states = [{ stall: true }, { jitterMs: 3 }, { bytesPerSecond: 3_000_000 }, { latencyMs: 2, stall: false }];
    for (let turn = 0; turn < 400; turn++) {
      proxy.set({ toClient: states[turn % states.length] });
      await turns(1);
    }
    proxy.set({});
    expect((await answer).text).toBe(text);
  });

  test("a hundred connections at once each get what is theirs", async () => {
    const server = await tcpServer((socket) =>
      socket.once("data", (said: Buffer) => socket.end(`${said.toString()} `.repeat(5_000))),
    );
    await using proxy = await faultProxy({ target: server.at, latencyMs: 2, jitterMs: 5, bytesPerSecond: 1_000_000 });
    const all = await Promise.all(Array.from({ length: 100 }, (_, at) => heard(proxy, `client ${at}`)));
    expect(all.map(({ text }, at) => text === `client ${at} `.repeat(5_000))).toEqual(all.map(() => true));
    await until(() => proxy.counts.open === 0);
    expect(proxy.counts).toMatchObject({ accepted: 100, forwarded: 100, failed: 0 });
  });

  test("more than the line holds waits in the sender, and all of it arrives", async () => {
    const text = "0123456789abcdef".repeat(256 * 1024);
    const server = await answering(text);
    await using proxy = await faultProxy({ target: server.at, latencyMs: 1, jitterMs: 2 });
    const all = await heard(proxy);
    expect(all.text.length).toBe(text.length);
    expect(all.text).toBe(text);
  });

  test.each([
    ["stalled", { stall: true }],
    ["slow", { bytesPerSecond: 1_000_000 }],
  ])("a line that is %s holds a part of it alone: the sender is held up", async (_name, faults) => {
    const megabytes = 24;
    let sender: Socket | undefined;
    const server = await tcpServer((socket) => {
      sender = socket;
      socket.once("data", () => socket.end(Buffer.alloc(megabytes * 1024 * 1024, "x")));
    });
    await using proxy = await faultProxy({ target: server.at, toClient: faults });
    const answer = heard(proxy);
    await until(() => (sender?.writableLength ?? 0) > 0);
    await turns(500);
    expect(sender?.writableLength).toBeGreaterThan(0);
    proxy.set({});
    expect((await answer).text.length).toBe(megabytes * 1024 * 1024);
  });

  test("a truncated stream ends after exactly so many bytes, as if that were all", async () => {
    const server = await answering("0123456789");
    await using proxy = await faultProxy({ target: server.at, toClient: { truncateAfterBytes: 4 } });
    expect(await heard(proxy)).toMatchObject({ text: "0123", end: "end" });
    proxy.set({ toClient: { truncateAfterBytes: 0 } });
    expect(await heard(proxy)).toMatchObject({ text: "", end: "end" });
    await until(() => proxy.counts.open === 0);
    expect(proxy.counts).toMatchObject({ forwarded: 2, bytesToClient: 4 });
  });

  test("a truncated stream is over for its sender, too, and what it still says is taken", async () => {
    let sender: Socket | undefined;
    let isTold = false;
    const server = await tcpServer((socket) => {
      sender = socket.on("end", () => (isTold = true)).resume();
      socket.write("0123456789");
    });
    await using proxy = await faultProxy({ target: server.at, toClient: { truncateAfterBytes: 4 } });
    const client = connect({ port: proxy.port, host: "127.0.0.1", allowHalfOpen: true });
    onTestFinished(() => void client.destroy());
    await once(client.resume(), "end");
    await until(() => isTold);
    // More than the kernel takes of it where nobody reads.
    const isTaken = new Promise<void>((done) => sender?.write(Buffer.alloc(16_777_216), () => done()));
    await isTaken;
    expect(client.bytesRead).toBe(4);
  });

  test("a reset comes after exactly so many bytes, to both sides", async () => {
    const errors: (string | undefined)[] = [];
    const server = await tcpServer((socket) => {
      socket.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code));
      socket.once("data", () => socket.write("0123456789"));
    });
    await using proxy = await faultProxy({ target: server.at, toClient: { resetAfterBytes: 4 } });
    expect(await heard(proxy)).toMatchObject({ text: "0123", end: "ECONNRESET" });
    await until(() => errors.length === 1);
    expect(errors).toEqual(["ECONNRESET"]);
  });

  test.each(["resetAfterBytes", "truncateAfterBytes"])(
    "%s counts what was said before the target was there",
    async (fault) => {
      const got: string[] = [];
      const ends: string[] = [];
      const server = await tcpServer((socket) => {
        socket.on("data", (chunk: Buffer) => got.push(chunk.toString()));
        socket.on("error", () => ends.push("reset"));
        socket.on("end", () => socket.end(() => ends.push("end")));
      });
      await using proxy = await faultProxy({ target: server.at, toTarget: { [fault]: 4 } });
      const end = (await heard(proxy, "0123456789")).end;
      expect(end).toBe(fault === "resetAfterBytes" ? "ECONNRESET" : "end");
      await until(() => ends.length === 1);
      expect(ends).toEqual([fault === "resetAfterBytes" ? "reset" : "end"]);
      expect(got.join("")).toBe("0123");
    },
  );

  test("a reset waits for a client that reads slowly, and comes after exactly so many bytes", async () => {
    const megabytes = 12;
    const server = await tcpServer((socket) => socket.once("data", () => socket.write(Buffer.alloc(16_777_216, "x"))));
    const limit = megabytes * 1024 * 1024;
    await using proxy = await faultProxy({ target: server.at, toClient: { resetAfterBytes: limit } });
    const client = connect(proxy.port, "127.0.0.1");
    let bytes = 0;
    const ended = once(client, "close").catch((error: unknown) => [error]);
    client.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      client.pause();
      setImmediate(() => client.resume());
    });
    client.write("x");
    expect((await ended)[0]).toMatchObject({ code: "ECONNRESET" });
    expect(proxy.counts.bytesToClient).toBe(limit);
    expect(bytes).toBeLessThanOrEqual(limit);
  });

  test("the end of the stream comes later, and not its bytes", async () => {
    const server = await answering("hello");
    await using proxy = await faultProxy({ target: server.at, toClient: { closeDelayMs: 80 } });
    const answer = await heard(proxy);
    expect(answer).toMatchObject({ text: "hello", end: "end" });
    expect(answer.tookMs).toBeGreaterThanOrEqual(79);
    proxy.set({ toClient: { closeDelayMs: 2 ** 31 - 1 } });
    const client = connect(proxy.port, "127.0.0.1");
    client.write("x");
    await once(client, "data");
    await turns(20);
    expect(client.readableEnded).toBe(false);
    client.destroy();
  });

  test("a stalled line passes nothing on, and goes on where it was", async () => {
    const server = await answering("hello");
    await using proxy = await faultProxy({ target: server.at, toClient: { stall: true } });
    const answer = heard(proxy);
    await until(() => proxy.counts.bytesToTarget === 1);
    for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
    expect(proxy.counts).toMatchObject({ open: 1, bytesToClient: 0 });
    proxy.set({});
    expect(await answer).toMatchObject({ text: "hello", end: "end" });
  });

  test("a half-open line hides even the end of the other side", async () => {
    let isEnded = false;
    const server = await tcpServer((socket) => {
      socket.on("end", () => (isEnded = true)).resume();
    });
    await using proxy = await faultProxy({ target: server.at });
    const client = connect(proxy.port, "127.0.0.1");
    client.write("x");
    await until(() => proxy.counts.bytesToTarget === 1);
    proxy.set({ stall: true });
    client.destroy();
    await once(client, "close");
    for (let turn = 0; turn < 20; turn++) await new Promise<void>((done) => setImmediate(done));
    expect(isEnded).toBe(false);
    proxy.set({});
    await until(() => isEnded);
  });
});

describe("a fault of connecting", () => {
  test("a connection is taken and reset, or taken and left hanging", async () => {
    const server = await answering("hello");
    await using proxy = await faultProxy({ target: server.at, accept: "reset" });
    expect(await heard(proxy)).toMatchObject({ text: "", end: "ECONNRESET" });
    proxy.set({ accept: "hang" });
    const client = connect(proxy.port, "127.0.0.1");
    client.write("anybody there?");
    await until(() => proxy.counts.open === 1);
    expect(proxy.counts).toMatchObject({ accepted: 2, struck: 2, forwarded: 0 });
    client.destroy();
    await until(() => proxy.counts.open === 0);
  });

  test("nobody listens while it is down, open connections are reset, and it comes back on the same port", async () => {
    await using server = await httpServer(answerJson({ ok: true }));
    await using proxy = await faultProxy({ target: new URL(server.url) });
    await using service = payments(proxy, { retry: false });
    await service.connect();
    await service.getJson("/a");
    await proxy.down();
    await proxy.down();
    // The pool may not have noticed yet that its connection was reset.
    await anyFailureOf(service.getJson("/a"));
    expect(await anyFailureOf(service.getJson("/a"))).toMatchObject({
      code: "connection-connect",
      outcome: "not-sent",
    });
    await proxy.up();
    await proxy.up();
    expect(await service.getJson("/a")).toEqual({ ok: true });
  });

  test("a target that is not there is a reset, and counted", async () => {
    const server = await answering("");
    await using proxy = await faultProxy({ target: { host: "127.0.0.1", port: server.port } });
    await new Promise<void>((done) => server.close(() => done()));
    expect(await heard(proxy)).toMatchObject({ text: "", end: "ECONNRESET" });
    await until(() => proxy.counts.failed === 1);
    expect(proxy.counts).toMatchObject({ accepted: 1, forwarded: 0, failed: 1, open: 0 });
    server.listen(0);
  });

  test("a reset by a client reaches the target before what is on its way", async () => {
    const errors: string[] = [];
    const server = await tcpServer((socket) => {
      socket.on("error", (error: NodeJS.ErrnoException) => errors.push(String(error.code))).resume();
    });
    await using proxy = await faultProxy({ target: server.at, toTarget: { latencyMs: 60_000 } });
    const client = connect(proxy.port, "127.0.0.1");
    client.write("x");
    await until(() => proxy.counts.forwarded === 1);
    await turns(5);
    client.resetAndDestroy();
    await until(() => errors.length === 1);
    expect(errors).toEqual(["ECONNRESET"]);
    expect(proxy.counts.bytesToTarget).toBe(0);
  });

  test("what is open is reset on demand", async () => {
    const server = await tcpServer((socket) => socket.write("a"));
    await using proxy = await faultProxy({ target: server.at });
    const all = Promise.all([heard(proxy), heard(proxy)]);
    await until(() => proxy.counts.bytesToClient === 2);
    proxy.connections[0]?.reset();
    await until(() => proxy.counts.open === 1);
    proxy.reset();
    expect(await all).toMatchObject([{ end: "ECONNRESET" }, { end: "ECONNRESET" }]);
  });
});

test("faults of a scope lie on top of others, and each takes back only itself", async () => {
  const server = await answering("hello");
  await using proxy = await faultProxy({ target: server.at, toClient: { truncateAfterBytes: 4 } });
  const first = proxy.with({ toClient: { truncateAfterBytes: 3 } });
  {
    await using _ = proxy.with({ toClient: { truncateAfterBytes: 2 } });
    expect((await heard(proxy)).text).toBe("he");
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    expect((await heard(proxy)).text).toBe("he");
  }
  expect((await heard(proxy)).text).toBe("hell");
});

describe("what a REST service makes of it", () => {
  test("an answer that is cut short is repeated, and a call that is stalled runs into its limit", async () => {
    await using server = await httpServer(answerJson({ ok: "0123456789".repeat(100) }));
    await using proxy = await faultProxy({ target: server.url });
    await using service = payments(proxy, { retry: { maxRetries: 1 } });
    await service.connect();
    {
      using _ = proxy.with({ toClient: { truncateAfterBytes: 300 } });
      expect(await anyFailureOf(service.getJson("/a"))).toMatchObject({ code: "connection-reset", outcome: "unknown" });
    }
    expect(server.requests).toHaveLength(2);
    {
      using _ = proxy.with({ toClient: { stall: true } });
      expect(await anyFailureOf(service.getJson("/a", { deadlineMs: 200 }))).toMatchObject({
        code: "timeout-deadline",
      });
    }
    expect(await service.getJson("/a")).toEqual({ ok: "0123456789".repeat(100) });
  });
});

describe("what a stream makes of it", () => {
  test("it finds a half-open connection by its pings, and reconnects through the same proxy", async () => {
    await using server = await scriptedServer();
    await using proxy = await faultProxy({ target: server.url });
    const clock = new VirtualClock();
    await using feed = new Feed(proxy.url, { clock, logger: silentLogger });
    const connecting = feed.connect();
    (await server.next()).accept();
    await connecting;
    proxy.set({ stall: true });
    await clock.advance(40_000);
    expect(feed.ended).toMatchObject([{ error: { code: "timeout-pong" } }]);
    proxy.set({});
    await clock.advanceToNext();
    (await server.next()).accept();
    await until(() => feed.state.name === "open");
    proxy.reset();
    await until(() => feed.ended.length === 2);
    expect(feed.ended[1]?.error).toMatchObject({ code: "connection-reset" });
    await clock.advanceToNext();
    (await server.next()).accept();
    await until(() => feed.state.name === "open");
  });
});

describe("TLS goes through unread", () => {
  let certificates: Certificates;
  beforeAll(async () => {
    certificates = await makeCertificates();
  });

  test("with the certificate of the target", async () => {
    const server = createTlsServer(certificates.server, (_request, response) => response.end("secret"));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    onTestFinished(() => new Promise<void>((done) => server.close(() => done())));
    const target = `https://localhost:${(server.address() as AddressInfo).port}/v1`;
    await using proxy = await faultProxy({ target });
    expect(proxy.url).toBe(`https://localhost:${proxy.port}/v1`);
    await using service = payments(proxy, { tls: { ca: certificates.ca }, retry: false });
    await service.connect();
    const answer = await service.get("/a");
    expect(answer.text()).toBe("secret");
    using _ = proxy.with({ toClient: { resetAfterBytes: 10 } });
    proxy.reset();
    expect(await anyFailureOf(service.get("/a"))).toMatchObject({ code: expect.stringMatching(/^connection-/) });
  });
});

test("options that are wrong are told at once, and so are faults at run time", async () => {
  await expect(faultProxy({} as never)).rejects.toThrow("target must be a URL");
  await expect(faultProxy({ target: "nonsense" })).rejects.toThrow("target must be a URL");
  await expect(faultProxy({ target: { host: "a" } } as never)).rejects.toThrow("target must be a URL");
  const secret = await thrownBy(faultProxy({ target: "http://user:hunter2@a.example" }));
  expect(String(secret)).toContain("must hold no credentials");
  expect(String(secret)).not.toContain("hunter2");
  await expect(
    faultProxy({
      target: "http://a.example",
      seed: 0.5,
      port: -1,
      latencyMs: -1,
      accept: "refuse",
      toClient: { latency: 5, stall: 1, bytesPerSecond: 0 },
    } as never),
  ).rejects.toThrow(
    /toClient.bytesPerSecond must be.*toClient.stall must be a boolean.*unknown option toClient.latency; did you mean latencyMs/s,
  );
  const server = await answering("");
  await using proxy = await faultProxy({ target: server.at });
  expect(() => proxy.set({ latency: 5 } as never)).toThrow("unknown option latency; did you mean latencyMs?");
  expect(() => proxy.with({ accept: "refuse" } as never)).toThrow("accept must be one of forward | hang | reset");
  await expect(faultProxy({ target: server.at, port: proxy.port })).rejects.toThrow(
    /cannot listen on port .*EADDRINUSE/,
  );
});
