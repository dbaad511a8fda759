import { frame, opcode } from "../frames.ts";
import {
  closedByServer,
  eachAlone,
  failedByClient,
  fragmentsOf,
  type ImitatedCase,
  inPieces,
  send,
  type Step,
  text,
  wait,
  waited,
} from "../imitated-case.ts";
import { utf8Groups } from "./utf8-sequences.ts";

const greeting = Buffer.from("Hello-µ@ßöäüàá-UTF-8!!");
const kosme = Buffer.from("κόσμε");
// U+110000, which is beyond the last code point: wrong from its second octet on.
const beyond = Buffer.from("f4908080", "hex");
const edited = Buffer.from("edited");
const surrogate = Buffer.concat([kosme, Buffer.from("eda080", "hex"), edited]);
const ending = failedByClient(1007);

const valid = (id: string, description: string, script: readonly Step[], payload: Buffer): ImitatedCase => ({
  id,
  description,
  script,
  ok: [text(payload)],
  ending: closedByServer,
});

const invalid = (id: string, description: string, script: readonly Step[]): ImitatedCase => ({
  id,
  description,
  script,
  ok: [],
  ending,
});

const octetFrames = (payload: Buffer): Buffer[] => fragmentsOf(opcode.text, inPieces(payload, 1));

/**
 * The text becomes invalid in the second part. A client that looks at once fails the connection before the third; one
 * that looks at whole messages fails it after the third, which is allowed, and called so.
 */
function inThreeParts(
  id: string,
  description: string,
  parts: readonly [Buffer, Buffer, Buffer],
  how: "frames" | "chops",
): ImitatedCase {
  const whole = frame(opcode.text, Buffer.concat(parts));
  const headBytes = whole.length - Buffer.concat(parts).length;
  const pieces =
    how === "frames"
      ? fragmentsOf(opcode.text, parts)
      : [Buffer.concat([whole.subarray(0, headBytes), parts[0]]), parts[1], parts[2]];
  const [first, second, third] = pieces as [Buffer, Buffer, Buffer];
  return {
    id,
    description,
    script: [send(first), wait("A", 100), send(second), wait("B", 300), send(third)],
    ok: [waited("A")],
    nonStrict: [waited("A"), waited("B")],
    ending,
  };
}

const atOnce = [kosme, beyond, edited] as const;
const atTheOctet = [
  Buffer.concat([kosme, beyond.subarray(0, 1)]),
  beyond.subarray(1, 2),
  Buffer.concat([beyond.subarray(2), edited]),
] as const;

/** Section 6. */
export const utf8: readonly ImitatedCase[] = [
  valid("6.1.1", "text of no length", [send(frame(opcode.text))], Buffer.alloc(0)),
  valid("6.1.2", "three fragments of no length", [send(...fragmentsOf(opcode.text, ["", "", ""]))], Buffer.alloc(0)),
  valid(
    "6.1.3",
    "an empty fragment on either side of text",
    [send(...fragmentsOf(opcode.text, ["", "middle frame payload", ""]))],
    Buffer.from("middle frame payload"),
  ),
  valid("6.2.1", "valid text", [send(frame(opcode.text, greeting))], greeting),
  valid(
    "6.2.2",
    "valid text in two fragments",
    [send(...fragmentsOf(opcode.text, [greeting.subarray(0, 12), greeting.subarray(12)]))],
    greeting,
  ),
  valid("6.2.3", "valid text, a fragment for each octet", eachAlone(...octetFrames(greeting)), greeting),
  valid("6.2.4", "valid text of long sequences, a fragment for each octet", eachAlone(...octetFrames(kosme)), kosme),
  invalid("6.3.1", "invalid text", [send(frame(opcode.text, surrogate))]),
  invalid("6.3.2", "invalid text, a fragment for each octet", eachAlone(...octetFrames(surrogate))),
  inThreeParts("6.4.1", "invalid in the second of three fragments", atOnce, "frames"),
  inThreeParts("6.4.2", "invalid exactly at the second of three fragments", atTheOctet, "frames"),
  inThreeParts("6.4.3", "invalid in the second of three writes", atOnce, "chops"),
  inThreeParts("6.4.4", "invalid exactly at the second of three writes", atTheOctet, "chops"),
  ...utf8Groups.flatMap(({ name, sequences }, group) =>
    sequences.map(({ isValid, octets }, index): ImitatedCase => {
      const payload = Buffer.from(octets, "hex");
      const id = `6.${group + 5}.${index + 1}`;
      const description = `${name}: ${octets.slice(0, 40)}`;
      const script = [send(frame(opcode.text, payload))];
      return isValid ? valid(id, description, script, payload) : invalid(id, description, script);
    }),
  ),
];
