import { answers, type Behaviour, upgrades } from "../behaviour.ts";
import { comesBack, type FaultCase, goesOn } from "../fault-case.ts";
import { close, fragments, text } from "../frames.ts";
import type { Line } from "../line.ts";

// Who ends before the answer is whole has broken the connection, or the protocol.
const broken = comesBack(
  ["protocol", "reset", "connect"],
  [{ code: "connection-reset" }, { code: "connection-protocol" }],
);
const slow = comesBack("timeout", { code: "timeout-connect", outcome: "not-sent" });
const hurried = { limits: { connectTimeoutMs: 400 } };

/** Whoever connects is dropped before a word. */
const drops = (how: "ends" | "resets"): Behaviour => ({
  onConnection: (line) => {
    if (how === "ends") line.socket.end();
    else line.reset();
    line.reach();
    return true;
  },
});

function* letters(): Generator<Buffer> {
  for (;;) yield Buffer.from("a");
}

const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `early ${i}`);
const inOneSegment = (messages: readonly string[]): Behaviour =>
  upgrades((line) => line.accept({ rest: Buffer.concat(messages.map((message) => text(message))) }));

const dripped = (line: Line): void => {
  const bytes = Buffer.concat([line.acceptance(), text("early")]);
  line.open();
  line.also(
    line.drip(
      [...bytes].map((byte) => Buffer.from([byte])),
      1,
    ),
  );
};

/** Its answer, a message and a Close frame, in two segments: cut one byte further at each dial. */
const cutEverywhere: Behaviour = {
  onUpgrade: (line) => {
    const bytes = Buffer.concat([line.acceptance(), text(earlyOf(line.number)), close(1001)]);
    line.write(bytes.subarray(0, line.number));
    line.open();
    line.also(line.drip([bytes.subarray(line.number)], 2));
    if (line.number === cuts) line.reach();
  },
};
// As many as the answer, the message and the Close frame have bytes, but one.
const cuts = 145;
const earlyOf = (number: number): string => `early ${String(number).padStart(3)}`;

/** Answers that never come, that break off, and that bring messages along. */
export const openingFaults: readonly FaultCase[] = [
  { rule: "who ends before a word is dialled again", farSide: drops("ends"), expect: broken },
  { rule: "who resets before a word is dialled again", farSide: drops("resets"), expect: broken },
  { rule: "who ends in place of an answer is dialled again", farSide: answers("", "ends"), expect: broken },
  { rule: "who resets in place of an answer is dialled again", farSide: answers("", "resets"), expect: broken },
  {
    rule: "who ends within the answer is dialled again",
    farSide: answers("HTTP/1.1 101 Switching Protocols\nUpgrade: web", "ends"),
    expect: broken,
  },
  { rule: "an answer that never comes ends by the connect limit", farSide: answers(""), ...hurried, expect: slow },
  {
    rule: "a connection that nobody takes ends by the connect limit",
    farSide: { accepts: "backlog-full" },
    // Before the kernel tries again, by itself, whether somebody takes it now.
    application: { awaitsFailures: 1 },
    ...hurried,
    expect: slow,
  },
  {
    rule: "an answer that trickles in without an end ends by the connect limit",
    farSide: upgrades((line) => {
      line.write("HTTP/1.1 101 Switching Protocols\nx-pad: ");
      void line.drip(letters(), 20);
    }),
    ...hurried,
    expect: slow,
  },
  {
    rule: "an answer that lacks its last byte ends by the connect limit",
    farSide: upgrades((line) => line.write(line.acceptance().subarray(0, -1))),
    ...hurried,
    expect: slow,
  },
  {
    rule: "who is dropped again and again before a word waits ever longer",
    farSide: drops("ends"),
    limits: { baseDelayMs: 100, maxDelayMs: 2_000 },
    dials: { withinMs: 4_000, atMost: 12, atLeast: 2 },
    expect: broken,
  },
  {
    rule: "a message in the segment of the answer is not lost",
    farSide: inOneSegment(["early"]),
    expect: goesOn({ messages: ["early"] }),
  },
  {
    rule: "two messages in the segment of the answer are not lost",
    farSide: inOneSegment(["early", "too"]),
    expect: goesOn({ messages: ["early", "too"] }),
  },
  {
    rule: "5,000 messages right after the answer are not lost, and stay in order",
    farSide: inOneSegment(numbered(5_000)),
    expect: goesOn({ messages: numbered(5_000) }),
  },
  {
    rule: "half a message in the segment of the answer is not lost",
    farSide: upgrades((line) => {
      const bytes = fragments(Buffer.from("a message in parts"), 5);
      line.accept({ rest: bytes.subarray(0, 9) });
      line.also(line.drip([bytes.subarray(9)], 5));
    }),
    expect: goesOn({ messages: ["a message in parts"] }),
  },
  {
    rule: "an answer, a message and a Close frame are whole in the end, wherever they are cut",
    farSide: cutEverywhere,
    limits: { baseDelayMs: 1, maxDelayMs: 2 },
    expect: comesBack(
      "closed",
      { code: "connection-closed", closeCode: 1001 },
      {
        messages: Array.from({ length: cuts }, (_, i) => earlyOf(i + 1)),
      },
    ),
  },
  {
    rule: "an answer and a message that come byte by byte are whole in the end",
    farSide: {
      onUpgrade: (line) => {
        dripped(line);
        line.reach();
      },
    },
    expect: goesOn({ messages: ["early"] }),
  },
];
