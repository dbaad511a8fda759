import { expect, test } from "vitest";
import { z } from "zod";
import { inPieces, mockTransport, ndjson, sse } from "../../src/testing/index.ts";
import { refusalOf } from "../support/configuration.ts";

// Wrong on purpose: what the types refuse must be refused for whoever has none.
const loose = mockTransport as (options?: unknown) => ReturnType<typeof mockTransport>;
type Loose = Record<string, (...given: unknown[]) => Loose>;
const on = (...given: unknown[]): Loose => {
  const mock = mockTransport() as unknown as Loose;
  return mock.on?.(...given) as Loose;
};
const asynchronous = { "~standard": { version: 1, vendor: "test", validate: async () => ({ value: 1 }) } };

test.each<[string, () => unknown, string]>([
  ["options that are no object", () => loose(7), "the options must be an object"],
  ["an unknown option", () => loose({ orgin: "https://a.test" }), "unknown option orgin; did you mean origin?"],
  ["an origin with a path", () => loose({ origin: "https://a.test/v1" }), "origin must be scheme, host and port"],
  ["a basePath without a slash", () => loose({ basePath: "v1" }), "basePath must be a path that starts with a slash"],
  ["a clock that is none", () => loose({ clock: {} }), "clock must be an object with now(), wallNow(), setTimer()"],
  ["an otherwise that is none", () => loose({ otherwise: "net" }), "otherwise must be an object with dispatch()"],
  ["a method in lower case", () => on("get", "/x"), 'the method must be in upper case: "GET"'],
  ["a method that is none", () => on("G T", "/x"), "the method must be in upper case"],
  ["a path without a slash", () => on("GET", "x"), "path must start with a slash"],
  ["no path", () => on("GET"), "path must start with a slash"],
  ["a URL", () => on("GET", "https://a.test/x"), "path must start with a slash"],
  ["a path with a query", () => on("GET", "/x?a=1"), "path must have no query: give it as { query: { … } }"],
  ["a path with a fragment", () => on("GET", "/x#a"), "path must have no fragment"],
  ["a name twice", () => on("GET", "/{a}/{a}"), "path has {a} twice"],
  ["a name that is none", () => on("GET", "/{}"), "path has a {} without a name"],
  ["a brace that is open", () => on("GET", "/{a"), "path has a brace that is not closed"],
  ["an unknown rule", () => on("GET", "/x", { querry: {} }), "unknown option querry; did you mean query?"],
  ["a query that is text", () => on("GET", "/x", { query: "a=1" }), "query must be an object"],
  ["headers that are a list", () => on("GET", "/x", { headers: [] }), "headers must be an object of names and values"],
  ["a header that is an object", () => on("GET", "/x", { headers: { a: {} } }), "headers.a must be a string, a RegExp"],
  ["a when that is none", () => on("GET", "/x", { when: true }), "when must be a function"],
  ["a schema that is none", () => on("GET", "/x", { schema: {} }), "schema must be a Standard Schema"],
  ["a schema of no status", () => on("GET", "/x", { schema: { ok: z.any() } }), "schema.ok is not a status"],
  ["no status", () => on("GET", "/x").reply?.(), "status is required, a whole number from 200 to 599"],
  ["a status that is text", () => on("GET", "/x").reply?.("200"), "status must be a whole number from 200 to 599"],
  ["a status that is an interim one", () => on("GET", "/x").reply?.(103), "status must be a whole number from 200"],
  ["a 204 with a body", () => on("GET", "/x").reply?.(204, {}), "an answer with status 204 has no body"],
  ["a body that JSON has not", () => on("GET", "/x").reply?.(200, { n: 1n }), "body cannot be written as JSON"],
  ["a body that is a Map", () => on("GET", "/x").reply?.(200, new Map()), "not Map"],
  ["a body that is a promise", () => on("GET", "/x").reply?.(200, Promise.resolve(1)), "not Promise"],
  ["options that are text", () => on("GET", "/x").reply?.(200, {}, "json"), "the options must be an object"],
  ["an unknown option of a reply", () => on("GET", "/x").reply?.(200, {}, { header: {} }), "did you mean headers?"],
  ["it beside a function too", () => on("GET", "/x").reply?.(200, () => 1, { header: {} }), "did you mean headers?"],
  [
    "a header with a line break",
    () => on("GET", "/x").reply?.(200, 1, { headers: { a: "b\r\nc" } }),
    "must not contain",
  ],
  [
    "a header that is a number",
    () => on("GET", "/x").reply?.(200, 1, { headers: { a: 1 } }),
    "header a must be a string",
  ],
  ["a delay below 0", () => on("GET", "/x").reply?.(200, 1, { delayMs: -1 }), "delayMs must be a number of at least 0"],
  ["a cut behind the end", () => on("GET", "/x").reply?.(200, "abc", { cutAfterBytes: 3 }), "less than the 3 bytes"],
  [
    "a way to cut, and no place",
    () => on("GET", "/x").reply?.(200, "a", { cutBy: "close" }),
    "cutBy needs cutAfterBytes",
  ],
  [
    "a schema that takes its time",
    () =>
      on("GET", "/x").reply?.(200, "a", {
        schema: asynchronous,
      }),
    "an asynchronous one cannot be checked here",
  ],
  ["a fault that is none", () => on("GET", "/x").fail?.("timeout"), "fail must be one of refused | dns | tls"],
  ["no fault", () => on("GET", "/x").fail?.(), "fail must be one of refused"],
  ["no steps", () => on("GET", "/x").sequence?.([]), "sequence takes a list of at least one step"],
  [
    "a step that is text",
    () => on("GET", "/x").sequence?.([{ status: 200 }, "x"]),
    "a step is { status, body }, { fail }",
  ],
  [
    "a wrong step",
    () => on("GET", "/x").sequence?.([{ status: 200 }, { stats: 1 }]),
    "unknown option stats; did you mean",
  ],
  ["two answers", () => on("GET", "/x").reply?.(200).reply?.(200), "for one thing after the other, say sequence"],
  ["no times", () => on("GET", "/x").reply?.(200).times?.(0), "times takes a whole number of at least 1"],
  [
    "times beside steps",
    () =>
      on("GET", "/x")
        .sequence?.([{ status: 200 }, { status: 201 }])
        .times?.(3),
    "has 2 steps",
  ],
  [
    "steps beside times",
    () =>
      on("GET", "/x")
        .times?.(3)
        .sequence?.([{ status: 200 }, { status: 201 }]),
    "times(3)",
  ],
  ["a delay for ever", () => on("GET", "/x").delay?.(Number.POSITIVE_INFINITY), 'for ever is fail("hang")'],
  ["events that are no list", () => sse("x" as never), "the first argument must be a list"],
  ["an id with a line break", () => sse([{ data: 1, id: "a\nb" }]), "events[0].id must be one line"],
  ["an event without data", () => sse([{ data: undefined }]), "events[0].data must be text or a value that JSON has"],
  ["pieces that are numbers", () => inPieces([1] as never), "pieces must be strings or Uint8Arrays"],
  [
    "an unknown option of pieces",
    () => ndjson([], { every: 1 } as never),
    "unknown option every; did you mean everyMs?",
  ],
])("%s is refused where it is written", (_what, make, problem) => {
  expect(refusalOf(make).problems.join("\n")).toContain(problem);
});

test("everything that is wrong is said at once", () => {
  const { problems } = refusalOf(() => on("GET", "/x").reply?.(700, 1n, { headers: [], delay: 1 }));
  expect(problems).toHaveLength(4);
});
