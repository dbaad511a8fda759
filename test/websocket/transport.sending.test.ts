import { Socket } from "node:net";
import { expect, test, vi } from "vitest";
import type { CreateConnection } from "../../src/websocket/socket/stream-socket.ts";
import { dial, frame, startUpgraded } from "./dialled.ts";
import { startPeer, turns, until } from "./peer.ts";

/** A TCP connection of which is known how often it handed something to the kernel. */
function counting(): {
  readonly raw: Socket;
  readonly writes: () => number;
  readonly createConnection: CreateConnection;
} {
  const raw = new Socket();
  const spies = [vi.spyOn(raw, "_write"), vi.spyOn(raw, "_writev" as "_write")];
  return {
    raw,
    writes: () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0),
    createConnection: ({ port }) => raw.connect(Number(port), "127.0.0.1"),
  };
}

test("TCP keep-alive is on, and Nagle's algorithm off, once the socket is open", async () => {
  await using peer = await startPeer();
  const { raw, createConnection } = counting();
  const keepAlive = vi.spyOn(raw, "setKeepAlive");
  const noDelay = vi.spyOn(raw, "setNoDelay");
  const { socket, told } = dial(peer.url, { createConnection });
  await until(() => told.includes("opened"));
  expect(keepAlive.mock.calls).toEqual([[true, 30_000]]);
  expect(noDelay).toHaveBeenCalled();
  socket.destroy();
});

test("what is sent in one turn goes to the kernel together, in order, and every done is called", async () => {
  await using peer = await startPeer();
  const { writes, createConnection } = counting();
  const { socket, told } = dial(peer.url, { createConnection });
  await until(() => told.includes("opened"));
  const before = writes();
  const done: (Error | undefined)[] = [];
  for (let i = 0; i < 100; i++) socket.send(String(i), (error) => void done.push(error));
  expect(done).toEqual([]);
  expect(socket.unsentBytes).toBeGreaterThan(100 * 7);
  await until(() => done.length === 100);
  expect(socket.unsentBytes).toBe(0);
  expect(writes() - before).toBe(1);
  expect(done.every((error) => error === undefined)).toBe(true);
  await until(() => peer.received.length === 100);
  expect(peer.received).toEqual(Array.from({ length: 100 }, (_, i) => String(i)));
  socket.destroy();
});

test("what is sent in one turn goes together where it takes more than one piece of memory", async () => {
  await using peer = await startPeer();
  const { writes, createConnection } = counting();
  const { socket, told } = dial(peer.url, { createConnection });
  await until(() => told.includes("opened"));
  const before = writes();
  let done = 0;
  for (let i = 0; i < 6; i++) socket.send(String(i).repeat(16_000), () => void done++);
  await until(() => done === 6);
  expect(writes() - before).toBe(1);
  await until(() => peer.received.length === 6);
  expect(peer.received.map((message) => message.slice(0, 1))).toEqual(["0", "1", "2", "3", "4", "5"]);
  socket.destroy();
});

test("short and long messages of one turn go to the kernel together, turn after turn", async () => {
  await using peer = await startPeer();
  const { writes, createConnection } = counting();
  const { socket, told } = dial(peer.url, { createConnection });
  await until(() => told.includes("opened"));
  for (let turn = 1; turn <= 3; turn++) {
    const before = writes();
    const sent = [1, 20_000, 2, 17_000, 3].map(
      (length) => new Promise((done) => socket.send("x".repeat(length), done)),
    );
    expect(await Promise.all(sent)).toEqual(Array.from({ length: 5 }, () => undefined));
    expect(writes() - before).toBe(1);
  }
  socket.destroy();
});

test("more than fits into one piece of memory arrives whole and in order, and every done is called", async () => {
  await using peer = await startPeer();
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("opened"));
  const all = Array.from({ length: 12 }, (_, index) => String(index).padEnd(16_000, "."));
  const done: unknown[] = [];
  for (const text of all) socket.send(text, (error) => void done.push(error ?? text));
  await until(() => peer.received.length === all.length);
  expect([peer.received, done]).toEqual([all, all]);
  socket.destroy();
});

test("what a connection that breaks has not written is reported as not done, be it short or long", async () => {
  let raw: Socket | undefined;
  await using peer = await startUpgraded((socket) => {
    raw = socket;
    socket.pause();
  });
  const { socket, told, ended } = dial(peer.url);
  await until(() => told.includes("opened"));
  const done: (Error | undefined)[] = [];
  let sent = 0;
  // Until the kernel takes no more.
  for (let wrote = -1; wrote !== done.length; ) {
    wrote = done.length;
    for (let count = 0; count < 100; count++, sent++) socket.send("x".repeat(16_000), (error) => void done.push(error));
    await turns(50);
  }
  const written = done.length;
  expect(done.every((error) => error === undefined)).toBe(true);
  raw?.resetAndDestroy();
  expect(await ended).toMatchObject({ kind: "closed", code: 1006 });
  await until(() => done.length === sent);
  expect(done.slice(written).every((error) => error instanceof Error)).toBe(true);
  expect(done.length).toBeGreaterThan(written);
});

test("what is not written when the socket is destroyed is reported as not done", async () => {
  await using peer = await startUpgraded((socket) => void socket.pause());
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("opened"));
  const done: (Error | undefined)[] = [];
  let sent = 0;
  for (let wrote = -1; wrote !== done.length; ) {
    wrote = done.length;
    for (let count = 0; count < 100; count++, sent++) socket.send("x".repeat(16_000), (error) => void done.push(error));
    await turns(50);
  }
  const written = done.length;
  socket.destroy();
  await until(() => done.length === sent);
  expect(done.slice(written).every((error) => error instanceof Error)).toBe(true);
});

test("each turn has a write of its own: nothing waits for the next", async () => {
  await using peer = await startPeer();
  const { writes, createConnection } = counting();
  const { socket, told } = dial(peer.url, { createConnection });
  await until(() => told.includes("opened"));
  const before = writes();
  for (let i = 0; i < 3; i++) {
    await new Promise<void>((sent) => socket.send("x", () => sent()));
    await new Promise<void>((sent) => setImmediate(sent));
  }
  expect(writes() - before).toBe(3);
  socket.destroy();
});

test("a Close frame waits for no turn, and stands behind what was sent before it", async () => {
  await using peer = await startPeer();
  const { writes, createConnection } = counting();
  const { socket, told, ended } = dial(peer.url, { createConnection });
  await until(() => told.includes("opened") && peer.connections.length === 1);
  const closed = Promise.withResolvers<readonly [number, string]>();
  peer.connections[0]?.on("close", (code, reason) => closed.resolve([code, reason.toString()]));
  const before = writes();
  socket.send("last", () => undefined);
  socket.close(4000, "bye");
  expect(writes() - before).toBe(1);
  expect(await closed.promise).toEqual([4000, "bye"]);
  expect(peer.received).toEqual(["last"]);
  expect(await ended).toMatchObject({ kind: "closed", code: 4000 });
});

test("what is sent in answer to a message goes out before the answer to the Close frame behind it", async () => {
  const received = Promise.withResolvers<Buffer>();
  await using peer = await startUpgraded((raw) => {
    raw.write(Buffer.concat([frame(1, "question"), frame(8, Buffer.from([3, 232]))]));
    const chunks: Buffer[] = [];
    raw.on("data", (chunk) => chunks.push(chunk)).on("end", () => received.resolve(Buffer.concat(chunks)));
  });
  const sent = vi.fn<(error?: Error) => void>();
  const dialled = dial(peer.url, {}, { message: () => dialled.socket.send("answer", sent) });
  await dialled.ended;
  const bytes = await received.promise;
  // A head of six bytes and the text; then the Close frame with its code.
  expect([bytes[0], bytes[1], bytes[12], bytes.length]).toEqual([0x81, 0x80 | 6, 0x88, 12 + 6 + 2]);
  expect(sent).toHaveBeenCalledExactlyOnceWith();
});

test("short and long messages, and those in between, arrive in the order in which they were sent", async () => {
  await using peer = await startPeer();
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("opened"));
  const all = [1, 20_000, 2, 70_000, 16_384, 3, 16_385, 4].map((length) => String(length).padEnd(length, "."));
  const done: unknown[] = [];
  for (const text of all) socket.send(text, (error) => void done.push(error ?? text));
  await until(() => peer.received.length === all.length);
  expect(peer.received).toEqual(all);
  expect(done).toEqual(all);
  socket.destroy();
});

test("a code or a reason that no Close frame can carry is refused at once", async () => {
  await using peer = await startPeer();
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("opened"));
  expect(() => socket.close(1006)).toThrow(TypeError);
  expect(() => socket.close(1000, "x".repeat(124))).toThrow(RangeError);
  socket.destroy();
});

test("close before the socket is open ends the dial", async () => {
  await using peer = await startPeer();
  const { socket, ended } = dial(peer.url);
  socket.close();
  expect(await ended).toMatchObject({ kind: "failed", wasOpen: false });
});

test("a send that is destroyed in its own turn is reported as not done", async () => {
  await using peer = await startPeer();
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("opened"));
  const errors: (Error | undefined)[] = [];
  for (let i = 0; i < 3; i++) socket.send(String(i), (error) => void errors.push(error));
  socket.destroy();
  await until(() => errors.length === 3);
  expect(errors.every((error) => error instanceof Error)).toBe(true);
  expect(peer.received).toEqual([]);
});

test("a send on a socket that is closing is reported as not done", async () => {
  await using peer = await startPeer();
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("opened"));
  socket.close();
  const error = await new Promise<Error | undefined>((done) => socket.send("x", done));
  expect(error).toBeInstanceOf(Error);
});

test("a peer that does not answer our Close frame is given up after closeTimeoutMs", async () => {
  await using peer = await startUpgraded(() => undefined);
  const { socket, told, ended } = dial(peer.url);
  await until(() => told.includes("opened"));
  socket.close();
  expect(await ended).toMatchObject({ kind: "closed", code: 1006 });
});

test("a peer that ends its stream, and does not read what is left to send, is given up after closeTimeoutMs", async () => {
  let raw: Socket | undefined;
  await using peer = await startUpgraded((socket) => {
    raw = socket;
    socket.pause();
  });
  const { socket, told, ended } = dial(peer.url);
  await until(() => told.includes("opened"));
  const done = Promise.withResolvers<Error | undefined>();
  socket.send(new Uint8Array(32 * 1024 * 1024), done.resolve);
  raw?.end();
  expect(await ended).toMatchObject({ kind: "closed", code: 1006 });
  expect(await done.promise).toBeInstanceOf(Error);
});
