import { deflateRawSync } from "node:zlib";
import { type Behaviour, says } from "../behaviour.ts";
import { comesBack, either, type FaultCase, type FaultKind, goesOn } from "../fault-case.ts";
import { fragments, frame, op, ping, pong, text } from "../frames.ts";

const before = text("before");
const kinds: readonly FaultKind[] = ["protocol", "too-large"];
const broken = Buffer.from([0x6f, 0xff, 0x6b]);
const euro = Buffer.from("€");
const MiB = 1024 * 1024;
const many = 10_000;
const large = Buffer.alloc(4 * MiB, "0123456789abcdef");

function* manyFragments(piece: Buffer, count: number): Generator<Buffer> {
  yield text("x", { fin: false });
  for (let i = 0; i < count; i++) yield piece;
}

/** A fragmented message that has no end. */
const endless = (piece: Buffer, count: number): Behaviour => ({
  onOpen: (line) => {
    line.flood(manyFragments(piece, count));
    line.reach();
  },
});

/** Takes compression where it is offered, and sends 64 MiB of nothing in 64 KiB. */
const bomb: Behaviour = {
  onUpgrade: (line) => {
    const isOffered = /^sec-websocket-extensions:.*permessage-deflate/im.test(line.head);
    const extension = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    const packed = deflateRawSync(Buffer.alloc(64 * MiB)).subarray(0, -4);
    const changes: Record<string, string> = isOffered ? { "Sec-WebSocket-Extensions": extension } : {};
    line.accept({ changes, rest: Buffer.concat([before, text(packed, { rsv: 4 })]) });
    line.reach();
  },
};

/** The ping comes back with what it carried; only then has the far side come as far as it should. */
const pingsAnswered = (bytes: Buffer, payloads: readonly string[]): Behaviour => {
  const expected = payloads.join(" ");
  return {
    onOpen: (line) => {
      line.write(bytes);
    },
    onFrame: (line, { opcode, payload }) => {
      if (opcode !== op.pong) return false;
      line.notes.push(payload.toString());
      if (line.notes.join(" ") === expected) line.reach();
      return true;
    },
  };
};

/** Only the newest of many pings has to be answered (RFC 6455, section 5.5.3). */
const newestAnswered = (count: number): Behaviour => ({
  onOpen: (line) => line.write(Buffer.concat(Array.from({ length: count }, (_, i) => ping(String(i))))),
  onFrame: (line, { opcode, payload }) => {
    if (opcode === op.pong && payload.toString() === String(count - 1)) line.reach();
    return opcode === op.pong;
  },
});

/** Messages, pings and pongs that are allowed, though few servers send them; and too much of them. */
export const messageFaults: readonly FaultCase[] = [
  {
    rule: "a letter that two fragments share is whole in the end",
    farSide: says(text(euro.subarray(0, 1), { fin: false }), frame(op.continuation, euro.subarray(1))),
    expect: goesOn({ messages: ["€"] }),
  },
  {
    rule: "bytes that are no UTF-8 are a message all the same",
    farSide: says(frame(op.binary, broken)),
    expect: goesOn({ messages: ["6fff6b"] }),
  },
  ...[16, 64].map(
    (lengthBits): FaultCase => ({
      rule: `a length in ${lengthBits} bits that needs fewer is read or refused, and never misread`,
      farSide: says(text("abc", { lengthBits: lengthBits as 16 | 64 })),
      expect: either({ messages: ["abc"], areMessagesOptional: true }),
    }),
  ),
  {
    rule: "a message as large as the limit is no larger",
    farSide: says(text("x".repeat(1_000))),
    limits: { maxPayloadBytes: 1_000 },
    expect: goesOn({ messages: ["x".repeat(1_000)] }),
  },
  {
    rule: "a ping is answered with what it carries",
    farSide: pingsAnswered(ping("p".repeat(125)), ["p".repeat(125)]),
    expect: goesOn(),
  },
  {
    rule: "a ping of nothing is answered",
    farSide: pingsAnswered(ping(), [""]),
    expect: goesOn(),
  },
  {
    rule: "a ping between two fragments is answered, and the message whole",
    farSide: pingsAnswered(
      Buffer.concat([text("one", { fin: false }), ping("between"), frame(op.continuation, "two")]),
      ["between"],
    ),
    expect: goesOn({ messages: ["onetwo"] }),
  },
  {
    rule: "100 pings at once do not end the connection",
    farSide: newestAnswered(100),
    expect: goesOn(),
  },
  {
    rule: "a flood of pings does not end the connection",
    farSide: newestAnswered(many),
    expect: goesOn(),
  },
  {
    rule: "a flood of pings whose pongs are not read does not end the connection",
    farSide: {
      onOpen: (line) => {
        line.socket.pause();
        line.write(Buffer.concat(Array.from({ length: many }, () => ping("p".repeat(125)))));
        line.reach();
      },
    },
    expect: goesOn(),
  },
  {
    rule: "a pong that nobody asked for is passed over",
    farSide: says(pong(), pong("p".repeat(125)), text("still")),
    expect: goesOn({ messages: ["still"] }),
  },
  {
    rule: "a flood of pongs is passed over",
    farSide: says(...Array.from({ length: many }, () => pong("p")), text("still")),
    expect: goesOn({ messages: ["still"] }),
  },
  {
    rule: "empty messages are messages",
    farSide: says(...Array.from({ length: many }, () => text(""))),
    expect: goesOn({ messages: Array.from({ length: many }, () => "") }),
  },
  {
    rule: "empty fragments add nothing",
    farSide: says(...manyFragments(frame(op.continuation, "", { fin: false }), many), frame(op.continuation, "y")),
    expect: goesOn({ messages: ["xy"] }),
  },
  {
    rule: "4 MiB in fragments of 64 bytes are one message",
    farSide: says(fragments(large, 64)),
    expect: goesOn({ messages: () => [large.toString()] }),
  },
  {
    rule: "4 MiB in a frame are one message",
    farSide: says(text(large)),
    expect: goesOn({ messages: () => [large.toString()] }),
  },
  {
    rule: "fragments without an end are refused at the limit",
    farSide: endless(frame(op.continuation, "x".repeat(16_000), { fin: false }), 3_000),
    maxFloodBytes: 30 * MiB,
    limits: { maxPayloadBytes: MiB },
    expect: comesBack(kinds, { code: "connection-protocol" }, { closeCode: 1009 }),
  },
  {
    rule: "empty fragments without an end do not fill the memory, and hold up nobody for ever",
    farSide: endless(
      Buffer.concat(Array.from({ length: 1_000 }, () => frame(op.continuation, "", { fin: false }))),
      1_000,
    ),
    expect: comesBack([...kinds, "closed"], { code: "connection-protocol" }),
  },
  {
    rule: "a bomb of deflate does not fill the memory",
    farSide: bomb,
    application: { isCompressed: true },
    limits: { maxPayloadBytes: MiB },
    expect: comesBack(kinds, { code: "connection-protocol" }, { messages: ["before"] }),
  },
  {
    rule: "frames that come byte by byte are whole in the end",
    farSide: {
      onOpen: (line) => {
        const bytes = Buffer.concat([text("one"), ping("p"), text("tw", { fin: false }), frame(op.continuation, "o")]);
        line.also(
          line.drip(
            [...bytes].map((byte) => Buffer.from([byte])),
            1,
          ),
        );
        line.reach();
      },
    },
    expect: goesOn({ messages: ["one", "two"] }),
  },
  {
    rule: "half a message that the end cuts off is nobody's",
    farSide: {
      onOpen: (line) => {
        line.write(Buffer.concat([before, text("a message cut short").subarray(0, 9)]));
        line.socket.end();
        line.reach();
      },
    },
    expect: comesBack("reset", { code: "connection-reset", closeCode: 1006 }, { messages: ["before"] }),
  },
  {
    rule: "a fragment whose message never comes to its end is nobody's",
    farSide: {
      onOpen: (line) => {
        line.write(Buffer.concat([before, text("half", { fin: false })]));
        line.resetSoon();
        line.reach();
      },
    },
    expect: comesBack("reset", { code: "connection-reset", closeCode: 1006 }, { messages: ["before"] }),
  },
];
