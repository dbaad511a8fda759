import { expect, test } from "vitest";
import { readTraceContext } from "../../src/core/trace-context.ts";

const id = "0af7651916cd43dd8448eb211c80319c";
const span = "b7ad6b7169203331";
const traceparent = `00-${id}-${span}-01`;

test("a valid traceparent is kept as it is, with a valid tracestate beside it", () => {
  expect(readTraceContext(traceparent, undefined)).toEqual({ traceparent });
  const tracestate = "rojo=00f067aa0ba902b7, congo=t61rcWkgMzE,fw529a3039@dt=FfAA/;x:1";
  expect(readTraceContext(traceparent, tracestate)).toEqual({ traceparent, tracestate });
});

test("a later version may carry more fields, and is passed on whole", () => {
  const later = `01-${id}-${span}-01-more`;
  expect(readTraceContext(later, undefined)).toEqual({ traceparent: later });
  expect(readTraceContext(`01-${id}-${span}-01`, undefined)).toBeDefined();
});

test.each([
  [undefined],
  [7],
  [""],
  [`00-${id.toUpperCase()}-${span}-01`],
  [`00-${"0".repeat(32)}-${span}-01`],
  [`00-${id}-${"0".repeat(16)}-01`],
  [`ff-${id}-${span}-01`],
  [`00-${id}-${span}-01-more`],
  [`01-${id}-${span}-01more`],
  [`00-${id}-${span}`],
  [`${traceparent}, ${traceparent}`],
  [`${traceparent}\r\nx: y`],
  [`01-${id}-${span}-01-${"x".repeat(600)}`],
])("%j is no traceparent: there is no context at all", (given) => {
  expect(readTraceContext(given, "a=1")).toBeUndefined();
});

test.each([
  [""],
  [" , "],
  ["A=1"],
  ["a"],
  ["a="],
  ["a=1=2"],
  ["a=1\r\nx: y"],
  ["a=é"],
  [`a=${"1".repeat(257)}`],
  [Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(",")],
  [["a=1"]],
])("%j is no tracestate: it is left out, and the rest is kept", (given) => {
  expect(readTraceContext(traceparent, given)).toEqual({ traceparent });
});

test("a tracestate of 32 members and of the longest value is one", () => {
  const members = Array.from({ length: 32 }, (_, i) => `k${i}=1`).join(",");
  expect(readTraceContext(traceparent, members)?.tracestate).toBe(members);
  const long = `a=${"1".repeat(256)}`;
  expect(readTraceContext(traceparent, long)?.tracestate).toBe(long);
});

test("a long and hostile header costs no more than it is long", () => {
  const hostile = `${"a".repeat(60_000)}=${" ".repeat(60_000)}`;
  const startedAt = performance.now();
  expect(readTraceContext(traceparent, hostile)).toEqual({ traceparent });
  expect(readTraceContext(traceparent, `${"\t".repeat(60_000)}x`)).toEqual({ traceparent });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
