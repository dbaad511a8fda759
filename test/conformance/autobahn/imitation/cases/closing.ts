import { frame, opcode } from "../frames.ts";
import {
  close,
  closedByServer,
  closeWith,
  type Ending,
  type ImitatedCase,
  type Seen,
  send,
  type Step,
  text,
} from "../imitated-case.ts";

const closedWith = (...codes: readonly number[]): Ending => ({ by: "server", codes, isClean: true });
/** The client may answer with one of these, or drop the connection. */
const objected = (...codes: readonly number[]): Ending => ({ by: "server", codes, isClean: false });

const one = (
  id: string,
  description: string,
  script: readonly Step[],
  more: { readonly ok?: readonly Seen[]; readonly ending?: Ending; readonly isInformational?: boolean } = {},
): ImitatedCase => ({ id, description, script, ok: [], ending: closedByServer, ...more });

const validCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
const invalidCodes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];

// κόσμε, a surrogate, "edited"
const invalidReason = Buffer.from("cebae1bdb9cf83cebcceb5eda080656469746564", "hex");

/** Section 7. */
export const closing: readonly ImitatedCase[] = [
  one("7.1.1", "a message, then a close", [send(frame(opcode.text, "Hello World!"))], { ok: [text("Hello World!")] }),
  one("7.1.2", "two closes", [close(1000), send(frame(opcode.close, Buffer.from([0x03, 0xe8])))]),
  one("7.1.3", "a ping after the close", [close(1000), send(frame(opcode.ping))]),
  one("7.1.4", "a message after the close", [close(1000), send(frame(opcode.text, "Hello World!"))]),
  one("7.1.5", "a close between two fragments", [
    send(frame(opcode.text, "fragment1", { fin: false })),
    close(1000),
    send(frame(opcode.continuation, "fragment2")),
  ]),
  one(
    "7.1.6",
    "256 KiB, a message and a close in one go, then a ping: how much comes back is not judged",
    [
      send(frame(opcode.text, Buffer.alloc(256 * 1024, "BAsd7&jh23")), frame(opcode.text, "Hello World!")),
      close(1000),
      send(frame(opcode.ping)),
    ],
    { isInformational: true },
  ),
  one("7.3.1", "a close without payload", [closeWith(Buffer.alloc(0))]),
  one("7.3.2", "a close of one octet", [closeWith(Buffer.from("a"))], { ending: objected(1002) }),
  one("7.3.3", "a close with a code", [close(1000)]),
  one("7.3.4", "a close with a code and a reason", [close(1000, "Hello World!")]),
  one("7.3.5", "a close with the longest reason", [close(1000, "*".repeat(123))]),
  one("7.3.6", "a close with a reason that is too long", [close(1000, "*".repeat(124))], { ending: objected(1002) }),
  one("7.5.1", "a close whose reason is not UTF-8", [close(1000, invalidReason)], { ending: objected(1002, 1007) }),
  ...validCodes.map((code, index) =>
    one(`7.7.${index + 1}`, `a close with ${code}`, [close(code)], { ending: closedWith(1000, code) }),
  ),
  ...invalidCodes.map((code, index) =>
    one(`7.9.${index + 1}`, `a close with ${code}, which must not be sent`, [close(code)], { ending: objected(1002) }),
  ),
  ...[5000, 65_535].map((code, index) =>
    one(`7.13.${index + 1}`, `a close with ${code}, which is undefined`, [close(code)], {
      ending: objected(1000, 1002, code),
      isInformational: true,
    }),
  ),
];
