import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { type PerMessageDeflateOptions, type WebSocket, WebSocketServer } from "ws";
import { dial, startUpgraded } from "./dialled.ts";
import { until } from "./peer.ts";

async function startDeflating(
  options: boolean | PerMessageDeflateOptions,
  onConnection: (ws: WebSocket) => void,
): Promise<{ url: string; received: Buffer[] } & AsyncDisposable> {
  const wss = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: options });
  await once(wss, "listening");
  const received: Buffer[] = [];
  wss.on("connection", (ws, { socket }) => {
    socket.on("data", (data: Buffer) => received.push(data));
    ws.on("error", () => undefined);
    onConnection(ws);
  });
  return {
    url: `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`,
    received,
    async [Symbol.asyncDispose]() {
      for (const ws of wss.clients) ws.terminate();
      await new Promise<void>((done) => wss.close(() => done()));
    },
  };
}

test("compression is offered only where it is asked for, and then both sides compress", async () => {
  const text = "hello ".repeat(1_000);
  await using peer = await startDeflating({ threshold: 10 }, (ws) =>
    ws.on("message", (data) => ws.send(data as Buffer, { binary: false })),
  );
  const off = dial(peer.url, { maxPayloadBytes: 100_000 });
  await until(() => off.told.includes("opened"));
  off.socket.send(text, () => undefined);
  await until(() => off.told.includes(text));
  expect(Buffer.concat(peer.received).length).toBeGreaterThan(6_000);
  off.socket.destroy();

  peer.received.length = 0;
  const on = dial(peer.url, { maxPayloadBytes: 100_000, compression: { thresholdBytes: 100 } });
  await until(() => on.told.includes("opened"));
  on.socket.send(text, () => undefined);
  await until(() => on.told.includes(text));
  expect(Buffer.concat(peer.received).length).toBeLessThan(200);

  peer.received.length = 0;
  on.socket.send("x".repeat(99), () => undefined);
  await until(() => on.told.includes("x".repeat(99)));
  // Below the threshold: 99 bytes and their frame, as they are.
  expect(Buffer.concat(peer.received).length).toBe(105);
  on.socket.destroy();
});

test("a buffer may be used again once it was sent, though it is compressed later, or waits behind one that is", async () => {
  const got: string[] = [];
  await using peer = await startDeflating(true, (ws) =>
    ws.on("message", (data) => got.push((data as Buffer).toString())),
  );
  const { socket, told } = dial(peer.url, { compression: { thresholdBytes: 100 } });
  await until(() => told.includes("opened"));
  const shared = new Uint8Array(200);
  for (const [byte, length] of [
    [0x61, 200],
    [0x62, 200],
    [0x63, 20],
  ] as const) {
    socket.send(shared.subarray(0, length).fill(byte), () => undefined);
  }
  shared.fill(0x78);
  await until(() => got.length === 3);
  expect(got).toEqual(["a".repeat(200), "b".repeat(200), "c".repeat(20)]);
  socket.destroy();
});

test("the threshold holds with a peer that keeps a window from message to message too", async () => {
  const firstBytes: (number | undefined)[] = [];
  await using peer = await startUpgraded(
    (socket) => void socket.on("data", (data: Buffer) => firstBytes.push(data[0])),
    ["sec-websocket-extensions: permessage-deflate"],
  );
  const { socket, told } = dial(peer.url, { compression: { thresholdBytes: 100 } });
  await until(() => told.includes("opened"));
  for (const [size, first] of [
    [99, 0x81],
    [100, 0xc1],
  ] as const) {
    socket.send("x".repeat(size), () => undefined);
    await until(() => firstBytes.length === 1);
    expect(firstBytes.pop()).toBe(first);
  }
  socket.destroy();
});

test("the limit of a message holds for what it inflates to", async () => {
  await using peer = await startDeflating(true, (ws) => ws.send(Buffer.alloc(20 * 1024 * 1024)));
  const { ended, told } = dial(peer.url, { maxPayloadBytes: 1024 * 1024, compression: { thresholdBytes: 1024 } });
  expect(await ended).toMatchObject({
    kind: "failed",
    wasOpen: true,
    error: { code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" },
  });
  expect(told).toEqual(["tcp", "upgrade", "opened", "ended"]);
});

test("what does not inflate is a fault of the peer's frame", async () => {
  const garbage = Buffer.concat([Buffer.from([0xc2, 4]), Buffer.from("\xff\xff\xff\xff", "latin1")]);
  await using peer = await startUpgraded(
    (socket) => socket.write(garbage),
    ["sec-websocket-extensions: permessage-deflate"],
  );
  const { ended } = dial(peer.url, { compression: { thresholdBytes: 1024 } });
  expect(await ended).toMatchObject({ kind: "failed", wasOpen: true, error: { code: "Z_DATA_ERROR" } });
});

test("sends that were still being compressed when the socket was destroyed are reported as not done, each once", async () => {
  await using peer = await startDeflating(true, () => undefined);
  const { socket, told } = dial(peer.url, { compression: { thresholdBytes: 1 } });
  await until(() => told.includes("opened"));
  const errors: (Error | undefined)[] = [];
  for (let i = 0; i < 20; i++) socket.send("x".repeat(10_000), (error) => void errors.push(error));
  expect(socket.unsentBytes).toBe(200_000);
  socket.destroy();
  await until(() => errors.length >= 20);
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((next) => setImmediate(next));
  expect(errors).toHaveLength(20);
  expect(errors.every((error) => error instanceof Error)).toBe(true);
});
