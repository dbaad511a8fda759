import { frame, opcode } from "../frames.ts";
import {
  chop,
  closedByServer,
  eachAlone,
  failedByClient,
  fragmentsOf,
  type ImitatedCase,
  pong,
  type Seen,
  send,
  type Step,
  text,
  wait,
  waited,
} from "../imitated-case.ts";

const parts = ["fragment1", "fragment2"] as const;
const whole = parts.join("");
const two = fragmentsOf(opcode.text, parts);
const pingWithin = (): Buffer[] => [two[0] as Buffer, frame(opcode.ping, "ping payload"), two[1] as Buffer];

const accepted = (id: string, description: string, script: readonly Step[], ok: readonly Seen[]): ImitatedCase => ({
  id,
  description,
  script,
  ok,
  ending: closedByServer,
});

const refused = (id: string, description: string, script: readonly Step[], ok: readonly Seen[] = []): ImitatedCase => ({
  id,
  description,
  script,
  ok,
  ...(ok.length === 0 ? {} : { nonStrict: [] }),
  ending: failedByClient(1002),
});

/** A continuation of nothing, and then a good message. */
const orphan = (fin: boolean): readonly Buffer[] => [
  frame(opcode.continuation, "non-continuation payload", { fin }),
  frame(opcode.text, "Hello, world!"),
];

const orphanTwice = (fin: boolean): readonly Buffer[] =>
  [1, 2].flatMap(() => [frame(opcode.continuation, "fragment1", { fin }), ...two]);

/** Five fragments with two pings among them, and a wait in the middle. */
function withPings(join: (...frames: readonly Buffer[]) => readonly Step[]): readonly Step[] {
  const five = fragmentsOf(opcode.text, ["fragment1", "fragment2", "fragment3", "fragment4", "fragment5"]);
  return [
    ...join(...five.slice(0, 2), frame(opcode.ping, "pongme 1!")),
    { do: "until", seen: 1 },
    wait("pause", 50),
    ...join(...five.slice(2, 4), frame(opcode.ping, "pongme 2!"), ...five.slice(4)),
  ];
}

const five: readonly Seen[] = [
  pong("pongme 1!"),
  waited("pause"),
  pong("pongme 2!"),
  text("fragment1fragment2fragment3fragment4fragment5"),
];

/** Section 5. */
export const fragments: readonly ImitatedCase[] = [
  refused("5.1", "a ping in two fragments", [send(...fragmentsOf(opcode.ping, parts))]),
  refused("5.2", "a pong in two fragments", [send(...fragmentsOf(opcode.pong, parts))]),
  accepted("5.3", "text in two fragments, in one write", [send(...two)], [text(whole)]),
  accepted("5.4", "text in two fragments, frame by frame", eachAlone(...two), [text(whole)]),
  accepted("5.5", "text in two fragments, octet by octet", [chop(1, ...two)], [text(whole)]),
  accepted(
    "5.6",
    "a ping between the fragments, in one write",
    [send(...pingWithin())],
    [pong("ping payload"), text(whole)],
  ),
  accepted("5.7", "a ping between the fragments, frame by frame", eachAlone(...pingWithin()), [
    pong("ping payload"),
    text(whole),
  ]),
  accepted(
    "5.8",
    "a ping between the fragments, octet by octet",
    [chop(1, ...pingWithin())],
    [pong("ping payload"), text(whole)],
  ),
  ...[true, false].flatMap((fin, index) => {
    const id = (n: number): string => `5.${9 + index * 3 + n}`;
    const what = `a continuation of nothing, FIN ${String(fin)}, then text`;
    return [
      refused(id(0), `${what}, in one write`, [send(...orphan(fin))]),
      refused(id(1), `${what}, frame by frame`, eachAlone(...orphan(fin))),
      refused(id(2), `${what}, octet by octet`, [chop(1, ...orphan(fin))]),
    ];
  }),
  refused(
    "5.15",
    "text in two fragments, a continuation of nothing, then text",
    [send(...two, frame(opcode.continuation, "fragment3", { fin: false }), frame(opcode.text, "fragment4"))],
    [text(whole)],
  ),
  refused("5.16", "twice: a continuation of nothing, then text in two fragments", [send(...orphanTwice(false))]),
  refused("5.17", "twice: the same with FIN", [send(...orphanTwice(true))]),
  refused("5.18", "two fragments that both have the opcode for text", [
    send(frame(opcode.text, parts[0], { fin: false }), frame(opcode.text, parts[1])),
  ]),
  accepted(
    "5.19",
    "five fragments with two pings among them",
    withPings((...all) => [send(...all)]),
    five,
  ),
  accepted(
    "5.20",
    "the same, frame by frame",
    withPings((...all) => eachAlone(...all)),
    five,
  ),
];
