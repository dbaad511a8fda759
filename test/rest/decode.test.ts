import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Codings, codingsOf, decodeWhole } from "../../src/rest/decode.ts";

const text = "hello ".repeat(1_000);
const encoded: Record<string, Uint8Array> = {
  gzip: gzipSync(text),
  deflate: deflateSync(text),
  br: brotliCompressSync(text),
  zstd: zstdCompressSync(text),
};

describe("the codings of an answer", () => {
  test.each([
    [undefined, undefined],
    ["", undefined],
    ["identity", undefined],
    ["gzip", ["gzip"]],
    ["GZip", ["gzip"]],
    ["x-gzip", ["gzip"]],
    ["gzip, br", ["br", "gzip"]],
    ["identity , zstd", ["zstd"]],
    [
      ["gzip", "br"],
      ["br", "gzip"],
    ],
  ])("of %j are undone in the order %j", (header, expected) => {
    expect(codingsOf(header === undefined ? {} : { "content-encoding": header })).toEqual(expected);
  });

  test.each([
    ["sdch", 'not known: "sdch"'],
    ["gzip, snappy", 'not known: "snappy"'],
    ["constructor", "not known"],
    ["gzip, gzip, gzip, gzip", "encoded 4 times over"],
  ])("of %j are a problem", (header, problem) => {
    expect(codingsOf({ "content-encoding": header })).toEqual({ problem: expect.stringContaining(problem) as string });
  });
});

describe("a body", () => {
  test.each(Object.keys(encoded))("in %s is decoded, up to the very limit", async (coding) => {
    const decoded = await decodeWhole(encoded[coding] as Uint8Array, [coding] as Codings, text.length);
    expect(decoded.kind === "decoded" ? Buffer.from(decoded.bytes).toString() : decoded).toBe(text);
  });

  test.each(Object.keys(encoded))("in %s that grows beyond the limit is too large", async (coding) => {
    const decoded = await decodeWhole(encoded[coding] as Uint8Array, [coding] as Codings, text.length - 1);
    expect(decoded).toEqual({ kind: "too-large" });
  });

  test.each(Object.keys(encoded))("in %s that is cut off is broken", async (coding) => {
    const cut = (encoded[coding] as Uint8Array).subarray(0, -4);
    const decoded = await decodeWhole(cut, [coding] as Codings, 1e6);
    expect(decoded).toEqual({ kind: "broken", problem: `the answer ends before its encoding (${coding}) does` });
  });

  test.each(Object.keys(encoded))("that is not %s is broken, and shows nothing of itself", async (coding) => {
    const decoded = await decodeWhole(Buffer.from("sk_1 sk_1 sk_1 sk_1"), [coding] as Codings, 1e6);
    expect(decoded).toEqual({ kind: "broken", problem: expect.stringContaining("is not what its encoding") as string });
    expect(JSON.stringify(decoded)).not.toContain("sk_1");
  });

  test("encoded twice is undone twice, each time within the limit", async () => {
    const twice = brotliCompressSync(gzipSync(text));
    const decoded = await decodeWhole(twice, ["br", "gzip"], 1e6);
    expect(decoded.kind === "decoded" ? Buffer.from(decoded.bytes).toString() : decoded).toBe(text);
    const bomb = gzipSync(gzipSync(Buffer.alloc(10_000_000)));
    expect(await decodeWhole(bomb, ["gzip", "gzip"], 100_000)).toEqual({ kind: "too-large" });
  });

  test("of no bytes at all is empty, whatever its encoding", async () => {
    expect(await decodeWhole(new Uint8Array(), ["gzip"], 10)).toMatchObject({ kind: "decoded" });
  });
});
