import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineSplitter, TooLongError } from "../../src/rest/line-splitter.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

function split(ends: "lf" | "any", pieces: readonly Uint8Array[], maxLength = 1_000_000): string[] {
  const splitter = new LineSplitter({ ends, maxLength });
  return [...pieces.flatMap((piece) => splitter.push(piece)), splitter.rest()];
}

/** The text cut at these places. */
function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (whole.length + 1)).toSorted((a, b) => a - b), whole.length];
  return at.slice(1).map((end, index) => whole.subarray(at[index], end));
}

const text = fc.string({ unit: fc.constantFrom("a", "ü", "€", "𝄞", "\r", "\n", "\r\n", "") });
const places = fc.array(fc.nat(), { maxLength: 10 });

describe("lines", () => {
  test("end with LF, CR or CRLF where any end is meant, whatever the pieces", () => {
    fc.assert(
      fc.property(text, places, (whole, at) => {
        expect(split("any", cut(bytes(whole), at))).toEqual(whole.split(/\r\n|\r|\n/));
      }),
    );
  });

  test("end with LF alone where only that is meant, whatever the pieces", () => {
    fc.assert(
      fc.property(text, places, (whole, at) => {
        expect(split("lf", cut(bytes(whole), at))).toEqual(whole.split("\n"));
      }),
    );
  });

  test("a CR ends its line at once: nobody waits for a LF that may never come", () => {
    const splitter = new LineSplitter({ ends: "any", maxLength: 10 });
    expect(splitter.push(bytes("a\r"))).toEqual(["a"]);
    expect(splitter.push(bytes(""))).toEqual([]);
    expect(splitter.push(bytes("\nb\n"))).toEqual(["b"]);
  });

  test("a byte order mark is dropped at the beginning, and only there", () => {
    expect(split("lf", [Uint8Array.of(0xef), Uint8Array.of(0xbb, 0xbf), bytes("a\n\uFEFFb")])).toEqual([
      "a",
      "\uFEFFb",
    ]);
  });

  test("a second byte order mark stays, also where the first was a piece of its own", () => {
    expect(split("lf", [bytes("\uFEFF"), bytes("\uFEFFa")])).toEqual(["\uFEFFa"]);
  });

  test("a character cut off by the end is U+FFFD", () => {
    expect(split("lf", [bytes("a\n"), bytes("€").subarray(0, 2)])).toEqual(["a", "\uFFFD"]);
  });

  test("a line that never ends is given up at its limit", () => {
    const splitter = new LineSplitter({ ends: "lf", maxLength: 10 });
    expect(splitter.push(bytes("0123456789\n01234567"))).toEqual(["0123456789"]);
    expect(() => splitter.push(bytes("890"))).toThrow(TooLongError);
  });
});
