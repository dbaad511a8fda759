import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { expect, test } from "vitest";
import type { CreateConnection } from "../../src/websocket/socket/stream-socket.ts";
import { cert, key } from "./certificate.ts";
import { dial, startUpgraded } from "./dialled.ts";
import { answer, type Peer, startPeer, startRaw, textFrame, until } from "./peer.ts";
import { startSecurePeer } from "./secure-peer.ts";

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
  await using peer = await startSecurePeer();
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

test("an answer that is not HTTP is a failed dial", async () => {
  await using noise = await startRaw((socket) => socket.once("data", () => socket.end("hello\r\n\r\n")));
  expect(await dial(noise.url).ended).toMatchObject({ kind: "failed", wasOpen: false });
});

test.each([
  ["accepts another key", "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: x", /Accept/],
  ["accepts no key", "upgrade: websocket\r\nconnection: upgrade", /Accept/],
  ["upgrades to something else", "upgrade: h2c\r\nconnection: upgrade", /Upgrade/],
  ["upgrades to nothing", "x-a: b", /upgrades nothing/],
])("a 101 that %s is a failed dial", async (_what, headers, message) => {
  await using peer = await startRaw((socket) =>
    socket.once("data", () => socket.write(`HTTP/1.1 101 ok\r\n${headers}\r\n\r\n`)),
  );
  const { ended, told } = dial(peer.url);
  expect(await ended).toMatchObject({ kind: "failed", wasOpen: false, error: { message } });
  expect(told).toEqual(["tcp", "upgrade", "ended"]);
});

test.each([
  ["a subprotocol that was not offered", "sec-websocket-protocol: c", ["a", "b"]],
  ["a subprotocol where none was offered", "sec-websocket-protocol: a", []],
  ["no subprotocol where some were offered", "x-a: b", ["a"]],
  ["an extension that was not offered", "sec-websocket-extensions: x-webkit-deflate-frame", []],
])("%s in the answer is a failed dial", async (_what, header, protocols) => {
  await using peer = await startUpgraded(() => undefined, [header]);
  expect(await dial(peer.url, { protocols }).ended).toMatchObject({ kind: "failed", wasOpen: false });
});

test("the chosen subprotocol is told, and none where none was offered", async () => {
  await using choosing = await startUpgraded(() => undefined, ["sec-websocket-protocol: b"]);
  await using plain = await startUpgraded(() => undefined);
  const protocols: string[] = [];
  const listener = { opened: (info: { readonly protocol: string }) => void protocols.push(info.protocol) };
  const first = dial(choosing.url, { protocols: ["a", "b"] }, listener);
  await until(() => protocols.length === 1);
  const second = dial(plain.url, {}, listener);
  await until(() => protocols.length === 2);
  expect(protocols).toEqual(["b", ""]);
  first.socket.destroy();
  second.socket.destroy();
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

test("a socket that is destroyed from within what it tells, tells no more, and leaves no listener", async () => {
  await using peer = await startUpgraded((socket) => socket.write(Buffer.concat([textFrame("a"), textFrame("b")])));
  const made = Promise.withResolvers<Socket>();
  const told: string[] = [];
  const dialled = dial(
    peer.url,
    {
      createConnection: (options) => {
        const raw = connect({ port: Number(options.port), host: "127.0.0.1" });
        made.resolve(raw);
        return raw;
      },
    },
    {
      message: (data) => {
        told.push(String(data));
        dialled.socket.destroy();
      },
    },
  );
  const raw = await made.promise;
  await once(raw, "close");
  expect(told).toEqual(["a"]);
  expect(dialled.told).toEqual(["tcp", "upgrade", "opened"]);
  expect(raw.listenerCount("data")).toBe(0);
});

test("a connection that somebody else made is taken as it is; a secure one may still have its handshake before it", async () => {
  await using peer = await startPeer();
  await using secure = await startSecurePeer();
  const made = connect({ port: Number(new URL(peer.url).port), host: "127.0.0.1" });
  await once(made, "connect");
  const plain = dial(peer.url, { createConnection: () => made });
  const tunnel = connect({ port: Number(new URL(secure.url).port), host: "127.0.0.1" });
  await once(tunnel, "connect");
  const tls = dial(secure.url, { createConnection: () => tlsConnect({ socket: tunnel, ca: cert, servername: "" }) });
  await until(() => plain.told.includes("opened") && tls.told.includes("opened"));
  expect(plain.told).toEqual(["upgrade", "opened"]);
  expect(tls.told).toEqual(["tls", "upgrade", "opened"]);
  plain.socket.destroy();
  tls.socket.destroy();
});

test("a connection that cannot be made ends the dial with what was wrong", async () => {
  const createConnection: CreateConnection = (_options, created) => {
    setImmediate(() => created(new Error("the proxy refused"), undefined as never));
    return undefined;
  };
  const { ended } = dial("ws://127.0.0.1:1", { createConnection });
  expect(await ended).toMatchObject({ kind: "failed", wasOpen: false, error: { message: "the proxy refused" } });
});
