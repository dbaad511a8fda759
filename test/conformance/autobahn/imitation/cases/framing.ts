import { frame, opcode } from "../frames.ts";
import { binary, chop, closedByServer, type ImitatedCase, send, text } from "../imitated-case.ts";

const lengths = [0, 125, 126, 127, 128, 65_535, 65_536] as const;

/** Sections 1.1 and 1.2: the three ways to write a length. */
export const framing: readonly ImitatedCase[] = [
  ...echoes("1.1", "text", opcode.text, text, "*"),
  ...echoes("1.2", "binary", opcode.binary, binary, "\u00FE"),
];

function echoes(
  section: string,
  kind: string,
  code: number,
  seen: typeof text,
  filler: string,
): readonly ImitatedCase[] {
  const one = (id: number, length: number, octets?: number): ImitatedCase => {
    const payload = Buffer.alloc(length, filler, "latin1");
    const whole = frame(code, payload);
    return {
      id: `${section}.${id}`,
      description: `a ${kind} message of ${length} octets${octets === undefined ? "" : ` in writes of ${octets}`}`,
      script: [octets === undefined ? send(whole) : chop(octets, whole)],
      ok: [seen(payload)],
      ending: closedByServer,
    };
  };
  return [...lengths.map((length, index) => one(index + 1, length)), one(8, 65_536, 997)];
}
