import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { type BodyOptions, prepareBody } from "../../src/rest/body.ts";
import type { PreparedBody } from "../../src/rest/prepared-body.ts";

function prepared(options: BodyOptions): { body: PreparedBody; problems: string[] } {
  const problems: string[] = [];
  const body = prepareBody(options, (problem) => problems.push(problem));
  return { body, problems };
}

const problemsOf = (options: BodyOptions): string[] => prepared(options).problems;

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("ab");
  yield Buffer.from("cd");
}

describe("a stream", () => {
  const web = (): ReadableStream<Uint8Array> => new Blob(["abcd"]).stream();

  test.each([
    ["a Node stream", () => Readable.from([Buffer.from("abcd")])],
    ["a web stream", web],
    ["an async generator", pieces],
    ["a list of pieces", () => [Buffer.from("ab"), Buffer.from("cd")]],
  ])("from a function that makes %s is whole each time it is opened", async (_kind, make) => {
    const { body } = prepared({ stream: make });
    expect(body).toMatchObject({ contentType: "application/octet-stream", isReplayable: true });
    const contents = [await text(body.open() as Readable), await text(body.open() as Readable)];
    expect(contents).toEqual(["abcd", "abcd"]);
  });

  test.each([
    ["a Node stream", () => Readable.from([Buffer.from("abcd")])],
    ["a web stream", web],
    ["an async generator", pieces],
  ])("given as %s is read once, and never taken a second time", async (_kind, make) => {
    const stream = make();
    const { body } = prepared({ stream });
    expect(body.isReplayable).toBe(false);
    await expect(text(body.open() as Readable)).resolves.toBe("abcd");
    expect(problemsOf({ stream })).toEqual([expect.stringMatching(/^stream was read before and would be sent empty/)]);
  });

  test("read elsewhere before is refused", async () => {
    const stream = Readable.from([Buffer.from("abcd")]);
    await text(stream);
    expect(problemsOf({ stream })).toEqual([expect.stringMatching(/^stream was read before/)]);
  });

  test.each([
    ["a Node stream", () => Readable.from([Buffer.from("abcd")])],
    ["a web stream", web],
    ["a generator", pieces],
  ])("from a function that hands out %s twice is refused, not sent empty", async (_kind, make) => {
    const stream = make();
    const { body } = prepared({ stream: () => stream });
    await expect(text(body.open() as Readable)).resolves.toBe("abcd");
    expect(() => body.open()).toThrow(/read before and would be sent empty/);
  });

  test("from a function that hands out the same list twice is whole both times", async () => {
    const list = [Buffer.from("abcd")];
    const { body } = prepared({ stream: () => list });
    expect(await text(body.open() as Readable)).toBe("abcd");
    expect(await text(body.open() as Readable)).toBe("abcd");
  });

  test.each([
    ["undefined", undefined],
    ["null", null],
    ["a string", "abc"],
  ])("from a function that returns %s says what it must return", (_kind, value) => {
    const { body } = prepared({ stream: () => value as unknown as Readable });
    expect(() => body.open()).toThrow(/must return a stream or an iterable/);
  });
});
