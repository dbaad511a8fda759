import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { systemClock } from "../../src/core/clock.ts";
import { type SocketEnd, type SocketTarget, WsSocket } from "../../src/websocket/transport.ts";
import { cert, key } from "./certificate.ts";
import { answer, type Peer, startPeer, startRaw, until } from "./peer.ts";

function dial(url: string, changes: Partial<SocketTarget> = {}) {
  const told: string[] = [];
  const ended = Promise.withResolvers<SocketEnd>();
  const target = { url, headers: {}, protocols: [], maxPayloadBytes: 1_000, closeTimeoutMs: 50, tls: {}, ...changes };
  const socket = new WsSocket(
    target,
    {
      stage: (stage) => void told.push(stage),
      opened: () => void told.push("opened"),
      message: (data) => void told.push(String(data)),
      pong: (payload) => void told.push(`pong ${payload}`),
      ended: ended.resolve,
    },
    systemClock,
  );
  return { socket, told, ended: ended.promise };
}

async function startTls(): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer({ cert, key });
  const wss = new WebSocketServer({ server });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `wss://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const ws of wss.clients) ws.terminate();
      server.closeAllConnections();
      await new Promise<void>((stopped) => server.close(() => stopped()));
    },
  };
}

const closing = async (peer: Peer): Promise<void> => void (await once(peer.connections[0] as never, "close"));

test("the stages of a dial are told in order, the name only where there is one to look up", async () => {
  await using peer = await startPeer();
  const byAddress = dial(peer.url);
  const byName = dial(peer.url.replace("127.0.0.1", "localhost"));
  await until(() => byAddress.told.includes("opened") && byName.told.includes("opened"));
  expect(byAddress.told).toEqual(["tcp", "upgrade", "opened"]);
  expect([...new Set(byName.told)]).toEqual(["name", "tcp", "upgrade", "opened"]);
  byAddress.socket.destroy();
  byName.socket.destroy();
});

test("a certificate that does not verify ends the dial; with its authority it is accepted", async () => {
  await using peer = await startTls();
  expect(await dial(peer.url).ended).toMatchObject({ kind: "failed", error: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" } });
  for (const tls of [{ ca: cert }, { rejectUnauthorized: false, cert, key }]) {
    const { socket, told } = dial(peer.url, { tls });
    await until(() => told.includes("opened"));
    expect(told).toEqual(["tcp", "tls", "upgrade", "opened"]);
    socket.destroy();
  }
});

test("a refusal is told with status, headers and no more than 16 KiB of its body", async () => {
  await using peer = await startPeer({ refuse: (socket) => answer(socket, 404, ["x-a: b"], "x".repeat(100_000)) });
  const end = await dial(peer.url).ended;
  expect(end).toMatchObject({ kind: "refused", status: 404, headers: { "x-a": "b" } });
  expect(end.kind === "refused" && end.body.length).toBe(16 * 1024);
});

test("a refusal whose body does not come is told all the same", async () => {
  await using peer = await startRaw((socket) =>
    socket.once("data", () => socket.write("HTTP/1.1 403 No\r\ncontent-length: 5\r\n\r\nab")),
  );
  expect(await dial(peer.url).ended).toMatchObject({ kind: "refused", status: 403, body: "ab" });
});

test("an answer that is not HTTP, or accepts another key, is a failed dial", async () => {
  await using noise = await startRaw((socket) => socket.once("data", () => socket.end("hello\r\n\r\n")));
  expect(await dial(noise.url).ended).toMatchObject({ kind: "failed", wasOpen: false });
  await using wrong = await startRaw((socket) =>
    socket.once("data", () =>
      socket.write("HTTP/1.1 101 ok\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x\r\n\r\n"),
    ),
  );
  expect(await dial(wrong.url).ended).toMatchObject({ kind: "failed", error: { message: /Accept/ } });
});

test("a Close frame is told with code and reason, a broken connection with what broke it", async () => {
  await using peer = await startPeer();
  const polite = dial(peer.url);
  await until(() => peer.connections.length === 1);
  peer.connections[0]?.close(4001, "moved");
  expect(await polite.ended).toMatchObject({ kind: "closed", code: 4001, reason: "moved" });
  const broken = dial(peer.url);
  await until(() => broken.told.includes("opened") && peer.connections.length === 2);
  peer.requests[1]?.socket.resetAndDestroy();
  expect(await broken.ended).toMatchObject({ kind: "closed", code: 1006, error: { code: "ECONNRESET" } });
});

test("a paused socket tells nothing until it is resumed", async () => {
  await using peer = await startPeer();
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("opened") && peer.connections.length === 1);
  socket.pause();
  await new Promise<void>((sent) => peer.connections[0]?.send("a", () => sent()));
  socket.resume();
  await until(() => told.includes("a"));
  expect(socket.lastByteAt).toBeGreaterThan(0);
  socket.destroy();
});

test("ping and close go out, and after the end a ping is nothing", async () => {
  await using peer = await startPeer();
  const { socket, told, ended } = dial(peer.url);
  await until(() => told.includes("opened") && peer.connections.length === 1);
  socket.ping("7");
  await until(() => told.includes("pong 7"));
  const closed = closing(peer);
  socket.close();
  expect(socket.isWritable).toBe(false);
  expect(await ended).toMatchObject({ kind: "closed", code: 1000 });
  socket.ping("8");
  await closed;
});

test("a write that a destroyed socket cut short is not reported as done", async () => {
  await using peer = await startPeer({ onConnection: (ws) => ws.pause() });
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("opened"));
  const done = Promise.withResolvers<Error | undefined>();
  socket.send(new Uint8Array(64 * 1024 * 1024), done.resolve);
  expect(socket.unsentBytes).toBeGreaterThan(0);
  socket.destroy();
  expect(await done.promise).toBeInstanceOf(Error);
});

test("a destroyed socket tells nothing more, at whatever stage it was", async () => {
  await using peer = await startRaw(() => undefined);
  const { socket, told, ended } = dial(peer.url);
  await until(() => told.includes("upgrade"));
  socket.destroy();
  socket.destroy();
  const quiet = Symbol("quiet");
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((next) => setImmediate(next));
  expect(await Promise.race([ended, Promise.resolve(quiet)])).toBe(quiet);
});
