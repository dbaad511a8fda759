import { createParser } from "eventsource-parser";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TooLongError } from "../../src/rest/line-splitter.ts";
import { type ServerSentEvent, SseParser } from "../../src/rest/sse.ts";

const parse = (...pieces: readonly (string | Uint8Array)[]): ServerSentEvent[] => {
  const parser = new SseParser({ maxLength: 1_000 });
  return pieces.flatMap((piece) => parser.push(typeof piece === "string" ? Buffer.from(piece) : piece));
};
const message = (data: string, id = ""): ServerSentEvent => ({ event: "message", data, id });

describe("an event stream", () => {
  test.each<[string, string, ServerSentEvent[]]>([
    ["an event of one line", "data: a\n\n", [message("a")]],
    ["several lines of data", "data: a\ndata:\ndata: c\n\n", [message("a\n\nc")]],
    ["one space after the colon, and no more", "data:a\n\ndata:  b\n\n", [message("a"), message(" b")]],
    ["a type", "event: tick\ndata: 1\n\ndata: 2\n\n", [{ event: "tick", data: "1", id: "" }, message("2")]],
    ["an empty type", "event: tick\nevent:\ndata: 1\n\n", [message("1")]],
    ["a field without a colon", "data\n\ndata\ndata\n\n", [message(""), message("\n")]],
    ["comments, and fields that there are not", ": hi\nfoo: bar\n:\ndata: a\nData: b\n\n", [message("a")]],
    [
      "an id that stays",
      "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
      [message("a", "1"), message("b", "1"), message("c")],
    ],
    ["an id with NUL, which is ignored", "id: 1\nid: 2\0\ndata: a\n\n", [message("a", "1")]],
    ["no data", "event: tick\nid: 1\n\ndata: a\n\n", [message("a", "1")]],
    ["an event that is not ended", "data: a\n\ndata: b\n", [message("a")]],
    ["CR alone", "data: a\rdata: b\r\r", [message("a\nb")]],
    ["CRLF", "data: a\r\ndata: b\r\n\r\n", [message("a\nb")]],
    ["a byte order mark", "\uFEFFdata: a\n\n", [message("a")]],
    ["two byte order marks, of which the second is data", "\uFEFF\uFEFFdata: a\n\ndata: b\n\n", [message("b")]],
  ])("is read with %s", (_kind, text, events) => {
    expect(parse(text)).toEqual(events);
    expect(parse(...[...Buffer.from(text)].map((byte) => Uint8Array.of(byte)))).toEqual(events);
  });

  test("CR and LF in different pieces end one line and not two", () => {
    expect(parse("event: tick\r", "\ndata: a\r", "\n\r", "\n")).toEqual([{ event: "tick", data: "a", id: "" }]);
  });

  test("goes on from the id of the connection before, until there is another", () => {
    const parser = new SseParser({ maxLength: 100, lastEventId: "7" });
    expect(parser.push(Buffer.from("data: a\n\n"))).toEqual([message("a", "7")]);
    expect(parser.push(Buffer.from("id: 8\ndata: never ended"))).toEqual([]);
    expect(parser.lastEventId).toBe("7");
    parser.push(Buffer.from("\n\n"));
    expect(parser.lastEventId).toBe("8");
  });

  test("an event without data moves the place to resume on", () => {
    const parser = new SseParser({ maxLength: 100 });
    parser.push(Buffer.from("id: 8\n\n"));
    expect(parser.lastEventId).toBe("8");
  });

  test("retry counts only where it is all digits", () => {
    const parser = new SseParser({ maxLength: 100 });
    for (const value of ["", "-1", "1.5", "1e3", "١", "0x10", "10 "]) parser.push(Buffer.from(`retry: ${value}\n`));
    expect(parser.retryMs).toBeUndefined();
    parser.push(Buffer.from("retry: 0500\n"));
    expect(parser.retryMs).toBe(500);
  });

  test("a line and an event that never end are given up at the limit", () => {
    const parser = new SseParser({ maxLength: 10 });
    expect(() => parser.push(Buffer.from("data: 0123456789"))).toThrow(TooLongError);
    const other = new SseParser({ maxLength: 10 });
    other.push(Buffer.from("data: 01\n"));
    other.push(Buffer.from("data: 34\n"));
    expect(() => other.push(Buffer.from("data: 67\ndata: 9\ndata: 9\n"))).toThrow(TooLongError);
  });

  test("of any bytes, cut anywhere, is what eventsource-parser makes of it", () => {
    const line = fc.tuple(
      fc.constantFrom("data", "event", "id", "retry", "", "dat", "Data", " data", "data ", "\uFEFFdata", "x"),
      fc.constantFrom(":", ": ", ":  ", ""),
      fc.string({ unit: fc.constantFrom("a", "1", ":", " ", "ü", "𝄞", "\0", "\uFEFF") }),
      fc.constantFrom("\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n", "\n\r"),
    );
    const stream = fc.array(line, { maxLength: 30 }).map((lines) => lines.map((parts) => parts.join("")).join(""));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 20 }), fc.boolean(), (text, places, hasBom) => {
        // The oracle takes text, and gives the id of each event alone; the last one is kept here, as the standard says.
        const expected: ServerSentEvent[] = [];
        const retries: number[] = [];
        let id = "";
        const oracle = createParser({
          onId: (given) => (id = given),
          onEvent: ({ event = "message", data }) => expected.push({ event, data, id }),
          onRetry: (retry) => retries.push(retry),
        });
        oracle.feed((hasBom ? "\uFEFF" : "") + text);

        const whole = Buffer.from((hasBom ? "\uFEFF" : "") + text);
        const at = [0, ...places.map((place) => place % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
        const parser = new SseParser({ maxLength: 1e6 });
        const events = at.slice(1).flatMap((end, index) => parser.push(whole.subarray(at[index], end)));
        expect(events).toEqual(expected);
        expect(parser.lastEventId).toBe(id);
        expect(parser.retryMs).toBe(retries.at(-1));
      }),
      { numRuns: 2_000 },
    );
  });
});
