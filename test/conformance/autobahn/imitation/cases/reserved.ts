import { frame, opcode } from "../frames.ts";
import { chop, eachAlone, failedByClient, type ImitatedCase, send, type Step, text } from "../imitated-case.ts";

const hello = "Hello, world!";
const ending = failedByClient(1002);

const alone = (id: string, description: string, bad: Buffer): ImitatedCase => ({
  id,
  description,
  script: [send(bad)],
  ok: [],
  ending,
});

/** A good message, then a bad frame, then a ping that is not to be answered. */
const afterGood = (id: string, description: string, script: readonly Step[]): ImitatedCase => ({
  id,
  description,
  script,
  ok: [text(hello)],
  nonStrict: [],
  ending,
});

const framesWith = (bad: Buffer): readonly Buffer[] => [frame(opcode.text, hello), bad, frame(opcode.ping)];

/** Section 3: no extension was negotiated that would give the reserved bits a meaning. */
export const reserved: readonly ImitatedCase[] = [
  alone("3.1", "a text message with RSV 1", frame(opcode.text, hello, { rsv: 1 })),
  afterGood("3.2", "RSV 2 after a good message, in one write", [
    send(...framesWith(frame(opcode.text, hello, { rsv: 2 }))),
  ]),
  afterGood(
    "3.3",
    "RSV 3 after a good message, frame by frame",
    eachAlone(...framesWith(frame(opcode.text, hello, { rsv: 3 }))),
  ),
  afterGood("3.4", "RSV 4 after a good message, octet by octet", [
    chop(1, ...framesWith(frame(opcode.text, hello, { rsv: 4 }))),
  ]),
  alone("3.5", "a binary message with RSV 5", frame(opcode.binary, Buffer.from([0, 255, 254, 253]), { rsv: 5 })),
  alone("3.6", "a ping with RSV 6", frame(opcode.ping, hello, { rsv: 6 })),
  alone("3.7", "a close with RSV 7", frame(opcode.close, Buffer.alloc(0), { rsv: 7 })),
];

/** Section 4: opcodes that have no meaning. */
export const opcodes: readonly ImitatedCase[] = [
  ...unknown("4.1", [3, 4, 5, 6, 7]),
  ...unknown("4.2", [11, 12, 13, 14, 15]),
];

function unknown(section: string, codes: readonly [number, number, number, number, number]): readonly ImitatedCase[] {
  const [bare, filled, bareAfter, filledAfter, chopped] = codes;
  return [
    alone(`${section}.1`, `opcode ${bare}`, frame(bare)),
    alone(`${section}.2`, `opcode ${filled} with payload`, frame(filled, "reserved payload")),
    afterGood(`${section}.3`, `opcode ${bareAfter} after a good message`, [send(...framesWith(frame(bareAfter)))]),
    afterGood(`${section}.4`, `opcode ${filledAfter} with payload after a good message`, [
      send(...framesWith(frame(filledAfter, "reserved payload"))),
    ]),
    afterGood(`${section}.5`, `opcode ${chopped} after a good message, octet by octet`, [
      chop(1, ...framesWith(frame(chopped, "reserved payload"))),
    ]),
  ];
}
