import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import { dial, frame, startUpgraded } from "./dialled.ts";
import { startPeer, textFrame, until, upgradeAnswer } from "./peer.ts";

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
const chunkOf = (texts: readonly string[]): Buffer => Buffer.concat(texts.map(textFrame));
const closeFrame = (code: number): Buffer => frame(8, Buffer.from([code >> 8, code & 0xff]));

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise<void>((next) => setImmediate(next));
};

test("a paused socket tells nothing until it is resumed, and not before that returns", async () => {
  await using peer = await startPeer();
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("opened") && peer.connections.length === 1);
  socket.pause();
  await new Promise<void>((sent) => peer.connections[0]?.send("a", () => sent()));
  await turns();
  expect(told).not.toContain("a");
  socket.resume();
  expect(told).not.toContain("a");
  await until(() => told.includes("a"));
  expect(socket.lastByteAt).toBeGreaterThan(0);
  socket.destroy();
});

test("a pause stops inside the chunk, each time, and the order stays", async () => {
  const texts = numbers(2_000);
  await using peer = await startUpgraded((socket) => socket.write(chunkOf(texts)));
  const told: string[] = [];
  const { socket } = dial(
    peer.url,
    {},
    {
      message: (data) => {
        told.push(String(data));
        if (told.length % 100 === 0) socket.pause();
      },
    },
  );
  for (let stop = 100; stop <= 2_000; stop += 100) {
    await until(() => told.length >= stop);
    await turns();
    expect(told).toHaveLength(stop);
    socket.resume();
    expect(told).toHaveLength(stop);
  }
  expect(told).toEqual(texts);
  socket.destroy();
});

test("a pong is told at once, though it stands behind messages that are held", async () => {
  await using peer = await startUpgraded((socket) =>
    socket.write(Buffer.concat([chunkOf(["a", "b"]), frame(10, "7"), textFrame("c")])),
  );
  const events: string[] = [];
  const { socket } = dial(
    peer.url,
    {},
    {
      message: (data) => {
        events.push(String(data));
        if (events.length === 1) socket.pause();
      },
      pong: (payload) => void events.push(`pong ${payload}`),
    },
  );
  await until(() => events.length === 2);
  socket.resume();
  await until(() => events.length === 4);
  expect(events).toEqual(["a", "pong 7", "b", "c"]);
  socket.destroy();
});

test("a socket that was paused before it opened tells nothing until it is resumed", async () => {
  await using peer = await startUpgraded((socket) => socket.write(chunkOf(["a", "b"])));
  const { socket, told } = dial(peer.url);
  socket.pause();
  await until(() => told.includes("opened"));
  await turns();
  expect(told.at(-1)).toBe("opened");
  socket.resume();
  await until(() => told.includes("b"));
  socket.destroy();
});

test("a socket that is paused from the start does not read on: the peer is held back", async () => {
  const message = frame(2, new Uint8Array(1_000));
  const flood = Buffer.concat(Array.from({ length: 32_000 }, () => message));
  const sockets: Socket[] = [];
  await using peer = await startUpgraded((socket) => {
    sockets.push(socket);
    socket.write(flood);
  });
  const paused = dial(peer.url);
  paused.socket.pause();
  await until(() => paused.told.includes("opened"));
  let got = 0;
  const reading = dial(peer.url, {}, { message: () => void got++ });
  await until(() => got === 32_000 && sockets[1]?.writableLength === 0);
  await turns();
  expect(sockets[0]?.writableLength).toBeGreaterThan(0);
  paused.socket.destroy();
  reading.socket.destroy();
});

test.each([
  ["closes", (socket: Socket) => socket.end(Buffer.concat([chunkOf(["a", "b", "c"]), closeFrame(4001)])), 4001],
  ["breaks", (socket: Socket) => socket.end(chunkOf(["a", "b", "c"])), 1006],
])("where the connection %s while messages are held, they are told first", async (_how, act, code) => {
  await using peer = await startUpgraded((socket) => void act(socket));
  const events: string[] = [];
  const { socket, ended } = dial(
    peer.url,
    {},
    {
      message: (data) => {
        events.push(String(data));
        socket.pause();
      },
    },
  );
  void ended.then(() => events.push("ended"));
  expect(await ended).toMatchObject({ kind: "closed", code });
  await until(() => events.includes("ended"));
  expect(events).toEqual(["a", "b", "c", "ended"]);
});

test("where the connection is reset while messages wait behind those that are held, all of them are told first", async () => {
  let raw: Socket | undefined;
  const texts = numbers(10);
  await using peer = await startUpgraded((socket) => {
    raw = socket;
    socket.write(chunkOf(texts.slice(0, 5)));
  });
  const { socket, told, ended } = dial(peer.url);
  await until(() => told.includes("opened"));
  socket.pause();
  await new Promise<void>((sent) => raw?.write(chunkOf(texts.slice(5)), () => sent()));
  await turns();
  raw?.resetAndDestroy();
  expect(await ended).toMatchObject({ kind: "closed", code: 1006 });
  expect(told.slice(3)).toEqual([...texts, "ended"]);
});

test("a reset is noticed while the socket is paused", async () => {
  await using peer = await startPeer();
  const { socket, told, ended } = dial(peer.url);
  await until(() => told.includes("opened") && peer.connections.length === 1);
  socket.pause();
  peer.requests[0]?.socket.resetAndDestroy();
  expect(await ended).toMatchObject({ kind: "closed", code: 1006, error: { code: "ECONNRESET" } });
});

test("what comes after the Close frame is not told", async () => {
  await using peer = await startUpgraded((socket) =>
    socket.write(Buffer.concat([textFrame("a"), closeFrame(1001), textFrame("late")])),
  );
  const { told, ended } = dial(peer.url);
  expect(await ended).toMatchObject({ kind: "closed", code: 1001 });
  expect(told).toEqual(["tcp", "upgrade", "opened", "a", "ended"]);
});

test("a flood of pings in one segment ends nothing, and is answered with the newest", async () => {
  const chunks: Buffer[] = [];
  await using peer = await startUpgraded((socket) => {
    socket.on("data", (data: Buffer) => chunks.push(data));
    socket.write(Buffer.concat(numbers(20_000).map((text) => frame(9, text))));
    socket.write(textFrame("after"));
  });
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("after") && pongsIn(Buffer.concat(chunks)).includes("19999"));
  // Sixteen and the newest for each turn of the loop that it takes to read them.
  expect(pongsIn(Buffer.concat(chunks)).length).toBeLessThan(1_000);
  expect(socket.isWritable).toBe(true);
  socket.destroy();
});

test("a ping before a message is answered before what the message leads to, and ten at once are all answered", async () => {
  const chunks: Buffer[] = [];
  await using peer = await startUpgraded((socket) => {
    socket.on("data", (data: Buffer) => chunks.push(data));
    socket.write(Buffer.concat([...numbers(10).map((text) => frame(9, text)), textFrame("a")]));
  });
  const { socket } = dial(peer.url, {}, { message: () => socket.send("echo", () => undefined) });
  await until(() => framesIn(Buffer.concat(chunks)).length === 11);
  expect(framesIn(Buffer.concat(chunks))).toEqual([...numbers(10).map((text) => [0x8a, text]), [0x81, "echo"]]);
  socket.destroy();
});

test("while a peer does not read, its pings do not pile up answers", async () => {
  let raw: Socket | undefined;
  await using peer = await startUpgraded((socket) => {
    raw = socket;
    socket.pause();
  });
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("opened"));
  const data = new Uint8Array(32 * 1024 * 1024);
  socket.send(data, () => undefined);
  await until(() => (raw?.bytesRead ?? 0) > 0 && socket.unsentBytes > 0);
  const before = socket.unsentBytes;
  for (let round = 0; round < 200; round++) {
    raw?.write(Buffer.concat([frame(9, String(round)), textFrame(`t${round}`)]));
    await until(() => told.includes(`t${round}`));
  }
  expect(socket.unsentBytes).toBeLessThan(before + 200);
  expect(socket.isWritable).toBe(true);
  socket.destroy();
});

/** The short masked frames in what a client sent: the first byte, and the payload. */
function framesIn(bytes: Buffer): [number, string][] {
  const frames: [number, string][] = [];
  for (let at = 0; at + 6 <= bytes.length; ) {
    const length = (bytes[at + 1] ?? 0) & 0x7f;
    const mask = bytes.subarray(at + 2, at + 6);
    const payload = bytes.subarray(at + 6, at + 6 + length).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
    frames.push([bytes[at] ?? 0, Buffer.from(payload).toString()]);
    at += 6 + length;
  }
  return frames;
}

const pongsIn = (bytes: Buffer): string[] =>
  framesIn(bytes).flatMap(([first, payload]) => (first === 0x8a ? [payload] : []));

test("4 MiB in 64-byte fragments arrive, in small segments too", async () => {
  await using peer = await startUpgraded((socket) => {
    socket.setNoDelay(true);
    const part = new Uint8Array(64).fill(7);
    const fragments = Array.from({ length: 65_536 }, (_, i) => frame(i === 0 ? 2 : 0, part, i === 65_535));
    const all = Buffer.concat(fragments);
    // Some of it byte for byte across the borders of frames, the rest at once.
    const send = (at: number): void => {
      if (at >= 20_000) return void socket.write(all.subarray(at));
      socket.write(all.subarray(at, at + 37), () => send(at + 37));
    };
    send(0);
  });
  const sizes: number[] = [];
  const message = (_data: unknown, bytes: number): void => void sizes.push(bytes);
  const { socket } = dial(peer.url, { maxPayloadBytes: 16 * 1024 * 1024 }, { message });
  await until(() => sizes.length === 1);
  expect(sizes).toEqual([4 * 1024 * 1024]);
  socket.destroy();
});

test("a message of the limit is told, one above it is a fault of the peer's frame", async () => {
  await using peer = await startUpgraded((socket) =>
    socket.write(Buffer.concat([frame(2, new Uint8Array(100)), frame(2, new Uint8Array(101))])),
  );
  const sizes: number[] = [];
  const message = (_data: unknown, bytes: number): void => void sizes.push(bytes);
  expect(await dial(peer.url, { maxPayloadBytes: 100 }, { message }).ended).toMatchObject({
    kind: "failed",
    wasOpen: true,
    error: { code: "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" },
  });
  expect(sizes).toEqual([100]);
});

/** A connection that delivers each byte by itself. */
function drip(payload: Buffer): Duplex {
  let at = -1;
  const stream = new Duplex({
    read() {
      if (at < 0) return;
      if (at < payload.length) stream.push(payload.subarray(at, ++at));
    },
    write(data: Buffer, _encoding, done) {
      const key = /^sec-websocket-key: (.*)$/im.exec(data.toString())?.[1]?.trim();
      if (key !== undefined) {
        stream.push(upgradeAnswer(key));
        at = 0;
      }
      done();
    },
  });
  return stream;
}

test("a frame in more pieces than ws can put together in time ends the connection instead of stalling the process", async () => {
  const options = { maxPayloadBytes: 16 * 1024 * 1024 };
  const sizes: number[] = [];
  const message = (_data: unknown, bytes: number): void => void sizes.push(bytes);
  const many = dial(
    "ws://127.0.0.1",
    { ...options, createConnection: () => drip(frame(2, new Uint8Array(30_000))) },
    { message },
  );
  await until(() => sizes.length === 1);
  expect(sizes).toEqual([30_000]);
  many.socket.destroy();
  const tooMany = dial("ws://127.0.0.1", {
    ...options,
    createConnection: () => drip(frame(2, new Uint8Array(40_000))),
  });
  expect(await tooMany.ended).toMatchObject({
    kind: "failed",
    wasOpen: true,
    error: { code: "WS_ERR_TOO_MANY_BUFFERED_PARTS" },
  });
});
