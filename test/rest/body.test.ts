import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { type BodyOptions, encodeFields, type Fields, type PreparedBody, prepareBody } from "../../src/rest/body.ts";

function prepared(options: BodyOptions): { body: PreparedBody; problems: string[] } {
  const problems: string[] = [];
  const body = prepareBody(options, (problem) => problems.push(problem));
  return { body, problems };
}

const problemsOf = (options: BodyOptions): string[] => prepared(options).problems;

function encoded(fields: unknown): { text: string; problems: string[] } {
  const problems: string[] = [];
  return { text: encodeFields("params", fields as Fields, (problem) => problems.push(problem)), problems };
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("ab");
  yield Buffer.from("cd");
}

describe("a fixed body", () => {
  test.each([
    ["json", { json: { amount: 5, note: "ü" } }, "application/json", '{"amount":5,"note":"ü"}'],
    ["json that is null", { json: null }, "application/json", "null"],
    ["json that is false", { json: false }, "application/json", "false"],
    ["form", { form: { q: "a b", on: true } }, "application/x-www-form-urlencoded", "q=a+b&on=true"],
    ["text", { text: "grüße" }, "text/plain;charset=UTF-8", "grüße"],
    ["empty text", { text: "" }, "text/plain;charset=UTF-8", ""],
  ])("%s is encoded under its content type, as often as it is opened", (_kind, options, contentType, content) => {
    const { body, problems } = prepared(options);
    expect(problems).toEqual([]);
    expect(body).toMatchObject({ contentType, isReplayable: true });
    expect([body.open(), body.open()]).toEqual([content, content]);
  });

  test("bytes are sent as they are", () => {
    const bytes = Uint8Array.of(0, 255);
    const { body } = prepared({ bytes });
    expect(body).toMatchObject({ contentType: "application/octet-stream", isReplayable: true });
    expect(body.open()).toBe(bytes);
  });

  test("no body, or one given as undefined, is none", () => {
    const { body } = prepared({ json: undefined, text: undefined });
    expect(body).toMatchObject({ contentType: undefined, isReplayable: true });
    expect(body.open()).toBeNull();
  });
});

describe("a body that cannot be sent", () => {
  test("two bodies in one call are refused", () => {
    expect(problemsOf({ json: 1, text: "1" })).toEqual(["a call has one body, not json and text"]);
  });

  test("a value that JSON does not have is refused", () => {
    expect(problemsOf({ json: () => 1 })).toEqual(["json must be a value that JSON has: not a function or a symbol"]);
  });

  test("a cycle and a BigInt are refused without showing what is in them", () => {
    const cycle: Record<string, unknown> = { card: "4242" };
    cycle["self"] = cycle;
    const [circular = ""] = problemsOf({ json: cycle });
    expect(circular).toMatch(/^json cannot be encoded: .*circular/i);
    expect(circular).not.toContain("4242");
    expect(problemsOf({ json: { amount: 5n } })[0]).toMatch(/^json cannot be encoded: .*BigInt/);
  });

  test("a toJSON that throws something else than an error is refused", () => {
    const odd = {
      toJSON: () => {
        // oxlint-disable-next-line typescript/only-throw-error
        throw "no";
      },
    };
    expect(problemsOf({ json: odd })).toEqual(["json cannot be encoded: unknown reason"]);
  });

  test("text that is not a string and bytes that are not bytes are refused", () => {
    expect(problemsOf({ text: 5 as unknown as string })).toEqual(["text must be a string"]);
    expect(problemsOf({ bytes: "abc" as unknown as Uint8Array })).toEqual(["bytes must be a Uint8Array or a Buffer"]);
  });

  test.each([
    ["a string", "abc"],
    ["bytes", Buffer.from("abc")],
    ["null", null],
    ["a number", 5],
    ["an object", {}],
  ])("%s is no stream", (_kind, stream) => {
    expect(problemsOf({ stream: stream as unknown as Readable })).toEqual([
      "stream must be a stream, an iterable of Uint8Array, or a function that makes one",
    ]);
  });
});

describe("fields", () => {
  test("are encoded with a space as %20 and nothing left that a query gives a meaning to", () => {
    expect(encoded({ "a&b": "c=d e/?#", ü: "€" }).text).toBe("a%26b=c%3Dd%20e%2F%3F%23&%C3%BC=%E2%82%AC");
  });

  test("a list repeats the name; undefined and null are left out, in a list too", () => {
    expect(encoded({ id: [1, undefined, 2, null], none: undefined, nil: null, empty: [] }).text).toBe("id=1&id=2");
  });

  test("numbers, booleans, big integers and dates have their plain text", () => {
    const fields = { n: 1.5, b: false, i: 2n ** 64n, at: new Date(0), zero: 0, blank: "" };
    expect(encoded(fields).text).toBe(
      "n=1.5&b=false&i=18446744073709551616&at=1970-01-01T00%3A00%3A00.000Z&zero=0&blank=",
    );
  });

  test("half a surrogate pair becomes U+FFFD instead of an exception", () => {
    expect(encoded({ a: "x\uD800" }).text).toBe("a=x%EF%BF%BD");
  });

  test.each([
    ["an invalid date", new Date("never")],
    ["an object", { nested: 1 }],
    ["a list within a list", [["a"]]],
    ["a function", () => 1],
  ])("%s as a value is reported and not sent", (_kind, value) => {
    expect(encoded({ at: value, ok: 1 })).toEqual({
      text: "ok=1",
      problems: ["params.at must be a string, number, boolean, valid Date, or a list of these"],
    });
  });

  test.each([
    ["a URLSearchParams", new URLSearchParams("a=1")],
    ["a string", "a=1"],
    ["a list", ["a"]],
    ["null", null],
  ])("%s is not taken for fields", (_kind, fields) => {
    expect(encoded(fields)).toEqual({ text: "", problems: ["params must be an object of names and values"] });
  });
});

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
