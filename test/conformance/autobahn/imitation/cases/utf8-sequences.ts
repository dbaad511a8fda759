/** A group of octet sequences that a decoder has to tell apart. */
export interface Utf8Group {
  readonly name: string;
  /** In hex. */
  readonly sequences: readonly { readonly isValid: boolean; readonly octets: string }[];
}

const good = (list: string): Utf8Group["sequences"] => list.split(" ").map((octets) => ({ isValid: true, octets }));
const bad = (list: string): Utf8Group["sequences"] => list.split(" ").map((octets) => ({ isValid: false, octets }));

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const hex = (octets: readonly number[]): string => Buffer.from(octets).toString("hex");
const lonely = (from: number, to: number): string => hex(range(from, to).flatMap((octet) => [octet, 0x20]));

const kosme = "cebae1bdb9cf83cebcceb5";
// Where κόσμε may be cut off: after these octets a character is whole.
const boundaries: readonly number[] = [2, 5, 7, 9, 11];

const cutOff = "c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf";

/** The last two code points of planes 1 to 16, which are no characters and all the same valid (RFC 3629). */
const nonCharacters = range(1, 17).flatMap((plane) =>
  [0xfffe, 0xffff].map((low) => Buffer.from(String.fromCodePoint(plane * 0x1_0000 + low)).toString("hex")),
);

/** Sections 6.5 to 6.23, after Markus Kuhn's stress test for UTF-8 decoders. */
export const utf8Groups: readonly Utf8Group[] = [
  {
    name: "valid text",
    sequences: good(
      `68656c6c6f24776f726c64 68656c6c6fc2a2776f726c64 68656c6c6fe282ac776f726c64 68656c6c6ff0a4ada2776f726c64 ${kosme}`,
    ),
  },
  {
    name: "prefixes of valid text",
    sequences: range(1, 12).map((octets) => ({
      isValid: boundaries.includes(octets),
      octets: kosme.slice(0, octets * 2),
    })),
  },
  { name: "first sequence of its length", sequences: good("00 c280 e0a080 f0908080") },
  { name: "first sequence of five and six octets", sequences: bad("f888808080 fc8480808080") },
  { name: "last sequence of its length", sequences: good("7f dfbf efbfbf f48fbfbf") },
  { name: "last sequence of four, five and six octets", sequences: bad("f7bfbfbf fbbfbfbfbf fdbfbfbfbfbf") },
  { name: "other bounds", sequences: [...good("ed9fbf ee8080 efbfbd f48fbfbf"), ...bad("f4908080")] },
  {
    name: "continuation octets alone",
    sequences: bad(`80 bf 80bf 80bf80 80bf80bf 80bf80bf80 80bf80bf80bf ${hex(range(0x80, 0xbf))}`),
  },
  {
    name: "first octets alone",
    sequences: bad(
      [lonely(0xc0, 0xdf), lonely(0xe0, 0xef), lonely(0xf0, 0xf7), lonely(0xf8, 0xfb), lonely(0xfc, 0xfd)].join(" "),
    ),
  },
  { name: "the last octet missing", sequences: bad(cutOff) },
  { name: "incomplete sequences in a row", sequences: bad(cutOff.replaceAll(" ", "")) },
  { name: "impossible octets", sequences: bad("fe ff fefeffff") },
  { name: "overlong ASCII", sequences: bad("c0af e080af f08080af f8808080af fc80808080af") },
  { name: "longest overlong sequences", sequences: bad("c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf") },
  { name: "overlong NUL", sequences: bad("c080 e08080 f0808080 f880808080 fc8080808080") },
  { name: "single surrogates", sequences: bad("eda080 edadbf edae80 edafbf edb080 edbe80 edbfbf") },
  {
    name: "paired surrogates",
    sequences: bad(
      "eda080edb080 eda080edbfbf edadbfedb080 edadbfedbfbf edae80edb080 edae80edbfbf edafbfedb080 edafbfedbfbf",
    ),
  },
  { name: "code points that are no characters", sequences: good(["efbfbe", "efbfbf", ...nonCharacters].join(" ")) },
  { name: "specials", sequences: good("efbfb9 efbfba efbfbb efbfbc efbfbd efbfbe efbfbf") },
];
