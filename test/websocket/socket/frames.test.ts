import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { WebSocketServer } from "ws";
import {
  FrameBatch,
  frameMemory,
  headBytes,
  maxBatchedBytes,
  writeFrame,
} from "../../../src/websocket/socket/frames.ts";

type Data = string | Uint8Array;

const ignore = (): void => undefined;

/** What a server of ws makes of these bytes; it fails for a frame without a mask, or one that is not whole. */
async function readByWs(parts: readonly Buffer[], count: number): Promise<readonly Data[]> {
  const wss = new WebSocketServer({ noServer: true });
  const got: Data[] = [];
  const all = Promise.withResolvers<void>();
  const server = createServer().on("upgrade", (request, upgraded, head) => {
    wss.handleUpgrade(request, upgraded, head, (ws) => {
      ws.on("error", all.reject);
      ws.on("message", (data: Buffer, isBinary) => {
        if (got.push(isBinary ? new Uint8Array(data) : data.toString()) === count) all.resolve();
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const head = ["GET / HTTP/1.1", "host: x", "connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13"];
  socket.write([...head, "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", "\r\n"].join("\r\n"));
  await once(socket, "data");
  for (const part of parts) socket.write(part);
  await all.promise;
  socket.destroy();
  server.close();
  return got;
}

const bytesOf = (data: Data): number => Buffer.byteLength(data);

/** All that was sent, in batches of one turn each. */
function written(turns: readonly (readonly Data[])[]): Buffer[] {
  const batch = new FrameBatch();
  return turns.flatMap((turn) => {
    for (const data of turn) batch.add(data, bytesOf(data), ignore);
    return [...batch.take().parts];
  });
}

test("the example of the RFC comes out as it stands there", () => {
  // RFC 6455, section 5.7: "a single-frame masked text message".
  const memory = frameMemory(11);
  expect(writeFrame(memory, 0, "Hello", 5, 0x3d21fa37)).toBe(11);
  expect(memory.buffer.toString("hex")).toBe("818537fa213d7f9f4d5158");
});

test("a frame writes its own bytes alone, also where its memory ends with it", () => {
  const mask = 0x3d21fa37;
  for (let length = 0; length < 12; length++) {
    const size = headBytes(length) + length;
    for (const room of [size, size + 4]) {
      const memory = frameMemory(room);
      memory.buffer.fill(0xaa);
      const payload = new Uint8Array(length).map((_, index) => index);
      expect(writeFrame(memory, 0, payload, length, mask)).toBe(size);
      const key = memory.buffer.subarray(2, 6);
      const read = memory.buffer.subarray(6, size).map((byte, index) => byte ^ (key[index % 4] ?? 0));
      expect([new Uint8Array(read), memory.buffer.toString("hex", size)]).toEqual([payload, "aa".repeat(room - size)]);
    }
  }
});

test("a frame for which one byte is missing goes into other memory", async () => {
  const [batch, parts] = [new FrameBatch(), [] as Buffer[]];
  const add = (payloadBytes: number): number => {
    batch.add(new Uint8Array(payloadBytes), payloadBytes, ignore);
    const [part] = batch.take().parts;
    if (part === undefined) throw new Error("nothing was written");
    parts.push(part);
    return part.byteOffset;
  };
  // Other tests have used some of it.
  for (let at = -1; at !== 0; ) at = add(maxBatchedBytes);
  for (let more = 0; more < 2; more++) add(maxBatchedBytes);
  // Of 64 KiB, six bytes are left; the next frame has seven.
  add(64 * 1_024 - 3 * (headBytes(maxBatchedBytes) + maxBatchedBytes) - 8 - 6);
  expect(add(1)).toBe(0);
  const got = await readByWs(parts, parts.length);
  expect(got.slice(-2).map(bytesOf)).toEqual([16_346, 1]);
});

test("every length that the head writes in another way, and text of every width, arrives as it was sent", async () => {
  const lengths = [0, 1, 3, 4, 5, 125, 126, 127, 255, 256, 1_024, maxBatchedBytes];
  const texts = [
    ...lengths.map((length) => "x".repeat(length)),
    "für",
    "€uro",
    "👩‍🚀",
    "\uFFFD",
    "a".repeat(124) + "é",
  ];
  const binaries = lengths.map((length) => new Uint8Array(length).map((_, index) => index * 7));
  const all = [...texts, ...binaries];
  expect(await readByWs(written([all]), all.length)).toEqual(all);
});

test("a lone surrogate goes out as the replacement that its length was reckoned with", async () => {
  expect(await readByWs(written([["a\uD800b"]]), 1)).toEqual(["a\uFFFDb"]);
});

test("property: whatever is sent in whatever turns, over more than one pool, arrives in order", async () => {
  const data = fc.oneof(fc.string({ unit: "grapheme", maxLength: 300 }), fc.uint8Array({ maxLength: 9_000 }));
  const turns = fc.array(fc.array(data, { maxLength: 12 }), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(turns, async (all) => {
      const sent = all.flat();
      fc.pre(sent.length > 0);
      expect(await readByWs(written(all), sent.length)).toEqual(sent);
    }),
    { numRuns: 40 },
  );
});

test("what two sockets send in turns is not mixed up", async () => {
  const batches = [new FrameBatch(), new FrameBatch()] as const;
  for (let round = 0; round < 3; round++) {
    for (const [index, batch] of batches.entries()) batch.add(`${index}-${round}`, 3, ignore);
  }
  expect(await readByWs(batches[1].take().parts, 3)).toEqual(["1-0", "1-1", "1-2"]);
  expect(await readByWs(batches[0].take().parts, 3)).toEqual(["0-0", "0-1", "0-2"]);
});

test("what is sent in a turn is one part, and what was taken is never written over", () => {
  const batch = new FrameBatch();
  for (let sent = 0; sent < 20; sent++) batch.add("x".repeat(100), 100, ignore);
  expect(batch.bytes).toBe(20 * (headBytes(100) + 100));
  const first = batch.take();
  expect([first.parts.length, first.dones.length, batch.bytes]).toEqual([1, 20, 0]);
  const before = Buffer.concat(first.parts);
  for (let sent = 0; sent < 2_000; sent++) batch.add("y".repeat(100), 100, ignore);
  expect(batch.take().dones.length).toBe(2_000);
  expect(Buffer.concat(first.parts)).toEqual(before);
});

test("masks differ from frame to frame", () => {
  const batch = new FrameBatch();
  const masks = Array.from({ length: 5_000 }, () => {
    batch.add("", 0, ignore);
    return batch.take().parts[0]?.toString("hex", 2, 6);
  });
  // Of 5,000 out of 2^32, two are the same once in 340 runs; three pairs never.
  expect(new Set(masks).size).toBeGreaterThan(4_997);
});
