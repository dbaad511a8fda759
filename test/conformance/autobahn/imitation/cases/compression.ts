import { seededRandom } from "../../../../../sandbox/random.ts";
import { type DeflateAnswer, DeflateContext } from "../deflate.ts";
import { frame, opcode } from "../frames.ts";
import {
  binary,
  closedByServer,
  fragmentsOf,
  type ImitatedCase,
  inPieces,
  send,
  type Step,
  text,
} from "../imitated-case.ts";

/** Length of the messages, and of the fragments that they are sent in; 0: whole. */
const sizes: readonly (readonly [number, number])[] = [
  ...[16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072].map((length) => [length, 0] as const),
  ...[8192, 16_384, 32_768, 65_536, 131_072].map((length) => [length, 256] as const),
  ...[1024, 4096, 32_768].map((fragment) => [131_072, fragment] as const),
];

// Autobahn has a thousand; after some, the window has been slid over more than once.
const messages = 12;

const plain: DeflateAnswer = { clientNoContextTakeover: false, clientMaxWindowBits: undefined };

/** The answers of 13.1 to 13.7, the first that the client allows. */
const answers: readonly (readonly DeflateAnswer[])[] = [
  [plain],
  [{ clientNoContextTakeover: true, clientMaxWindowBits: undefined }],
  [{ clientNoContextTakeover: false, clientMaxWindowBits: 8 }],
  [{ clientNoContextTakeover: false, clientMaxWindowBits: 15 }],
  [{ clientNoContextTakeover: true, clientMaxWindowBits: 8 }],
  [{ clientNoContextTakeover: true, clientMaxWindowBits: 15 }],
  [
    { clientNoContextTakeover: true, clientMaxWindowBits: 8 },
    { clientNoContextTakeover: true, clientMaxWindowBits: undefined },
    plain,
  ],
];

/**
 * Sections 12 and 13: permessage-deflate, with the window of the server kept from one message to the next. Of 12, the
 * subsections are two here, text that compresses well and octets that do not; Autobahn's five differ in their files.
 */
export const compression: readonly ImitatedCase[] = [
  ...subsection("12.1", "text", [plain]),
  ...subsection("12.2", "octets", [plain]),
  ...answers.flatMap((some, index) => subsection(`13.${index + 1}`, "text", some)),
];

function subsection(id: string, what: "text" | "octets", deflate: readonly DeflateAnswer[]): ImitatedCase[] {
  return sizes.map(([length, fragment], index) => {
    const how = fragment === 0 ? "" : ` in fragments of ${fragment}`;
    return {
      id: `${id}.${index + 1}`,
      description: `${messages} compressed messages of ${length} octets of ${what}${how}`,
      deflate,
      get script() {
        const context = new DeflateContext();
        return payloadsOf(what, length).flatMap((payload, n): Step[] => [
          send(...framesOf(what, context.deflate(payload), fragment)),
          { do: "until", seen: n + 1 },
        ]);
      },
      get ok() {
        return payloadsOf(what, length).map(what === "text" ? text : binary);
      },
      ending: closedByServer,
    };
  });
}

/** RSV1 on the first frame says that the message is compressed: RFC 7692, section 6.1. */
function framesOf(what: "text" | "octets", compressed: Buffer, fragment: number): Buffer[] {
  const code = what === "text" ? opcode.text : opcode.binary;
  const pieces = fragment === 0 ? [compressed] : inPieces(compressed, fragment);
  const [first = Buffer.alloc(0), ...others] = pieces;
  const tails = fragmentsOf(opcode.continuation, others);
  return [frame(code, first, { rsv: 4, fin: others.length === 0 }), ...tails];
}

const words = "ship harbour rope knot tide anchor gull lantern sail keel mast buoy".split(" ");

function payloadsOf(what: "text" | "octets", length: number): Buffer[] {
  const random = seededRandom(length);
  return Array.from({ length: messages }, () => {
    if (what === "octets") return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
    let said = "";
    while (said.length < length) said += `${words[Math.floor(random() * words.length)] ?? ""} `;
    return Buffer.from(said.slice(0, length));
  });
}
