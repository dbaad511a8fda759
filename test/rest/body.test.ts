import type { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { type BodyOptions, prepareBody } from "../../src/rest/body.ts";
import type { PreparedBody } from "../../src/rest/prepared-body.ts";

function prepared(options: BodyOptions): { body: PreparedBody; problems: string[] } {
  const problems: string[] = [];
  const body = prepareBody(options, (problem) => problems.push(problem));
  return { body, problems };
}

const problemsOf = (options: BodyOptions): string[] => prepared(options).problems;

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
