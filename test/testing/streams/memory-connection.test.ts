import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { MemoryConnection } from "../../../src/testing/streams/memory-connection.ts";
import { turns } from "../../websocket/peer.ts";

const bufferBytes = 1_000;

function pair(): readonly [MemoryConnection, MemoryConnection] {
  const ends = MemoryConnection.pair(bufferBytes);
  onTestFinished(() => {
    for (const end of ends) end.on("error", () => undefined).destroy();
  });
  return ends;
}

const written = (end: MemoryConnection, data: string): Promise<Error | undefined> =>
  new Promise((done) => end.write(data, (error) => done(error ?? undefined)));

test("what is written arrives later, in order, and is not what the writer changes afterwards", async () => {
  const [near, far] = pair();
  const got: string[] = [];
  far.on("data", (chunk: Buffer) => got.push(chunk.toString()));
  const bytes = Buffer.from("one");
  near.write(bytes);
  near.write("two");
  expect(got).toEqual([]);
  await turns(2);
  bytes.fill(0);
  expect(got.join("")).toBe("onetwo");
});

test("what nobody reads fills the buffer, and the next write waits until it is read", async () => {
  const [near, far] = pair();
  expect(await written(near, "x".repeat(bufferBytes - 1))).toBeUndefined();
  let isWritten = false;
  const second = written(near, "y").then(() => (isWritten = true));
  await turns(5);
  expect(isWritten).toBe(false);
  far.resume();
  await second;
});

test("an end that ends is a FIN for the other, told also where nobody reads, and half of it lives on", async () => {
  const [near, far] = pair();
  near.end();
  await once(far, "end");
  const got = once(near, "data");
  far.write("still here");
  expect(String((await got)[0])).toBe("still here");
});

test("an end that is destroyed is a FIN; what is written to it afterwards fails", async () => {
  const [near, far] = pair();
  const errors: unknown[] = [];
  far.on("error", (error) => errors.push(error));
  near.destroy();
  await once(far, "end");
  expect(await written(far, "x")).toMatchObject({ code: "EPIPE", message: "write EPIPE" });
});

test("what the other end has taken arrives, though the writer is destroyed at once", async () => {
  const [near, far] = pair();
  let got = "";
  far.on("data", (chunk: Buffer) => (got += chunk.toString()));
  near.write("one ");
  near.write("two ");
  near.write("three");
  near.destroy();
  await once(far, "end");
  expect(got).toBe("one two three");
});

test("what is under way to an end that is destroyed meanwhile is gone", async () => {
  const [near, far] = pair();
  expect(await written(near, "x")).toBeUndefined();
  near.write("y");
  far.destroy();
  await once(near.resume(), "end");
});

test("an end that is reset breaks the other, and the write that waits", async () => {
  const [near, far] = pair();
  const broke = once(near, "error").catch((error: unknown) => [error]);
  await written(near, "x".repeat(bufferBytes - 1));
  const waiting = written(near, "y");
  await turns(2);
  far.reset();
  expect((await broke)[0]).toMatchObject({ code: "ECONNRESET", syscall: "read" });
  expect(await waiting).toMatchObject({ code: "ECONNRESET" });
});
