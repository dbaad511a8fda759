import { deflateRawSync } from "node:zlib";
import { says } from "../behaviour.ts";
import { comesBack, type FaultCase, type FaultKind } from "../fault-case.ts";
import { close, fragments, frame, op, ping, text } from "../frames.ts";

const before = text("before");
const kinds: readonly FaultKind[] = ["protocol", "too-large"];

/** After a good message, bytes that no server may send: nothing of them is delivered, and the connection is given up. */
const bad = (rule: string, bytes: Buffer | readonly Buffer[], closeCode = 1002): FaultCase => ({
  rule,
  farSide: says(before, ...[bytes].flat(), text("after")),
  expect: comesBack(
    kinds,
    { code: "connection-protocol", outcome: "unknown", phase: "receive" },
    { messages: ["before"], closeCode },
  ),
});

const badClose = (rule: string, payload: Buffer, closeCode = 1002): FaultCase =>
  bad(rule, frame(op.close, payload), closeCode);

const codeOf = (code: number): Buffer => close(code).subarray(2);
const broken = Buffer.from([0x6f, 0xff, 0x6b]);
const euro = Buffer.from("€");

const reservedOpcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) =>
  bad(`a frame of the reserved opcode ${opcode} breaks the protocol`, frame(opcode, "x")),
);

const reservedBits = [4, 2, 1].map((rsv) =>
  bad(`a frame with the reserved bits ${rsv} breaks the protocol`, text("x", { rsv })),
);

const wrongCodes = [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) =>
  badClose(`a Close frame with the code ${code} breaks the protocol`, codeOf(code)),
);

/** Frames that no server may send. */
export const frameFaults: readonly FaultCase[] = [
  bad("a frame with a mask breaks the protocol", text("x", { isMasked: true })),
  ...reservedBits,
  ...reservedOpcodes,
  bad("a ping in parts breaks the protocol", [ping("p", { fin: false }), frame(op.continuation, "q")]),
  bad("a ping of 126 bytes breaks the protocol", ping("p".repeat(126))),
  bad("a Close frame of 126 bytes breaks the protocol", close(1000, "r".repeat(124))),
  bad("a Close frame in parts breaks the protocol", [
    frame(op.close, codeOf(1000), { fin: false }),
    frame(op.continuation, "r"),
  ]),
  bad("a continuation of nothing breaks the protocol", frame(op.continuation, "x")),
  bad("a message within another breaks the protocol", [text("x", { fin: false }), text("y")]),
  bad("bytes within a text break the protocol", [text("x", { fin: false }), frame(op.binary, "y")]),
  bad("text that is not UTF-8 is refused", text(broken), 1007),
  bad("text that ends within a letter is refused", text(euro.subarray(0, 2)), 1007),
  bad("text with a surrogate is refused", text(Buffer.from([0xed, 0xa0, 0x80])), 1007),
  bad("text in more bytes than it needs is refused", text(Buffer.from([0xc0, 0xaf])), 1007),
  bad("text beyond all letters is refused", text(Buffer.from([0xf4, 0x90, 0x80, 0x80])), 1007),
  bad(
    "text whose second part is not UTF-8 is refused",
    [text("o", { fin: false }), frame(op.continuation, broken)],
    1007,
  ),
  bad("a length beyond all numbers is refused", text("x", { lengthBits: 64, length: 1n << 63n }), 1009),
  bad("a length beyond those that a number holds is refused", text("x", { lengthBits: 64, length: 1n << 53n }), 1009),
  {
    ...bad("a length above the limit is refused before the bytes come", text("x", { length: 1_000_001n }), 1009),
    limits: { maxPayloadBytes: 1_000_000 },
  },
  { ...bad("a message above the limit is refused", text("x".repeat(1_001)), 1009), limits: { maxPayloadBytes: 1_000 } },
  {
    ...bad("fragments above the limit together are refused", fragments(Buffer.alloc(1_200, "x"), 400), 1009),
    limits: { maxPayloadBytes: 1_000 },
  },
  badClose("a Close frame of one byte breaks the protocol", Buffer.from([3])),
  badClose("a Close frame whose reason is not UTF-8 is refused", Buffer.concat([codeOf(1000), broken]), 1007),
  ...wrongCodes,
  {
    rule: "a message after a Close frame is nobody's",
    farSide: says(before, close(1001), text("after"), text("after")),
    expect: comesBack(
      "closed",
      { code: "connection-closed", closeCode: 1001 },
      { messages: ["before"], closeCode: 1001 },
    ),
  },
  {
    rule: "a Close frame within a message ends it",
    farSide: says(before, text("half", { fin: false }), close(1001)),
    expect: comesBack("closed", { code: "connection-closed", closeCode: 1001 }, { messages: ["before"] }),
  },
  {
    rule: "what is compressed and was not agreed on breaks the protocol",
    farSide: says(before, text(deflateRawSync(Buffer.from("hello")), { rsv: 4 })),
    expect: comesBack(kinds, { code: "connection-protocol" }, { messages: ["before"], closeCode: 1002 }),
  },
];
