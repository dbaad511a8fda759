import { type Behaviour, goesSilent, opensAnd } from "../behaviour.ts";
import { comesBack, either, type FaultCase, goesOn } from "../fault-case.ts";
import { close, frame, op, text } from "../frames.ts";

const before = text("before");
const reset = comesBack(
  "reset",
  { code: "connection-reset", outcome: "unknown", closeCode: 1006 },
  { messages: ["before"] },
);
const alert = { pingIntervalMs: 100, pingTimeoutMs: 200 } as const;
const dead = comesBack(["timeout", "reset"], { code: "timeout-pong", outcome: "unknown" });

/** Breaks the first few connections, and is down for a while after each. */
const restarts = (times: number): Behaviour => ({
  onOpen: (line) => {
    line.write(close(1001));
    if (line.number < times) line.resetSoon();
    else {
      line.goDown();
      line.reach();
    }
  },
});

const number = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `message ${i}`);
const large = "x".repeat(64 * 1024);
const slowMessage = text("a message on a slow line");

/** Connections that break, that end, and that are dead without a word. */
export const connectionFaults: readonly FaultCase[] = [
  {
    rule: "a reset is followed by another connection",
    farSide: opensAnd((line) => {
      line.write(before);
      line.resetSoon();
    }),
    expect: reset,
  },
  {
    rule: "an end without a Close frame is followed by another connection",
    farSide: opensAnd((line) => {
      line.write(before);
      line.socket.end();
    }),
    expect: reset,
  },
  {
    rule: "an end of which the other half stays open is not left half open",
    farSide: opensAnd((line) => {
      line.socket.allowHalfOpen = true;
      line.write(before);
      line.socket.end();
    }),
    expect: reset,
  },
  { rule: "a line that falls silent is found by its pings", farSide: goesSilent, limits: alert, expect: dead },
  {
    rule: "a line on which everything is read and nothing said is found by its pings",
    farSide: { onOpen: (line) => line.reach(), onFrame: () => true },
    limits: alert,
    expect: dead,
  },
  {
    rule: "a line that falls silent within a message is found by its pings",
    farSide: { onOpen: (line) => (line.write(slowMessage.subarray(0, 9)), line.reach()), onFrame: () => true },
    limits: alert,
    expect: dead,
  },
  {
    rule: "a line that falls silent while much is sent is found by its pings",
    farSide: goesSilent,
    limits: alert,
    application: { sends: { when: "open", messages: Array.from({ length: 160 }, (_, i) => `${i} ${large}`) } },
    expect: { ...dead, sends: "are settled" },
  },
  {
    rule: "a far side that answers no ping, and sends, is alive",
    farSide: {
      onOpen: (line) => {
        line.also(
          line.drip(
            Array.from({ length: 60 }, () => text("tick")),
            5,
          ),
        );
        line.reach();
      },
      onFrame: (_line, { opcode }) => opcode === op.ping,
    },
    limits: { pingIntervalMs: 100, pingTimeoutMs: 400 },
    expect: goesOn({ messages: Array.from({ length: 60 }, () => "tick") }),
  },
  {
    rule: "a message that comes byte by byte is waited for, its pongs behind it",
    farSide: {
      onOpen: (line) => {
        line.also(
          line.drip(
            [...slowMessage].map((byte) => Buffer.from([byte])),
            15,
          ),
        );
        line.reach();
      },
      onFrame: (_line, { opcode }) => opcode === op.ping,
    },
    limits: { pingIntervalMs: 100, pingTimeoutMs: 600 },
    expect: goesOn({ messages: ["a message on a slow line"] }),
  },
  {
    rule: "a far side that pings and answers pings is left alone",
    farSide: {
      onOpen: (line) => {
        line.also(
          line.drip(
            Array.from({ length: 10 }, () => frame(op.ping, "p")),
            5,
          ),
        );
        line.reach();
      },
    },
    limits: { pingIntervalMs: 50, pingTimeoutMs: 1_000 },
    expect: goesOn(),
  },
  {
    rule: "a pong that answers another ping is a sign of life all the same",
    farSide: {
      onOpen: (line) => {
        line.after(300, () => undefined);
        line.reach();
      },
      onFrame: (line, { opcode }) => {
        if (opcode === op.ping) line.write(frame(op.pong, "another"));
        return opcode === op.ping;
      },
    },
    limits: { pingIntervalMs: 50, pingTimeoutMs: 1_000 },
    expect: goesOn(),
  },
  {
    rule: "restarts one after the other, and a time without any server, are survived",
    farSide: restarts(4),
    expect: comesBack("closed", [{ code: "connection-closed", closeCode: 1001 }]),
  },
  {
    rule: "a server that is down is dialled until it is back",
    farSide: opensAnd((line) => line.goDown()),
    application: { awaitsFailures: 4 },
    expect: comesBack("connect", { code: "connection-connect", outcome: "not-sent" }),
  },
  {
    rule: "a far side that reads nothing holds no send for longer than its limit",
    farSide: goesSilent,
    limits: { sendTimeoutMs: 300 },
    application: { sends: { when: "open", messages: Array.from({ length: 320 }, (_, i) => `${i} ${large}`) } },
    expect: either({ sends: "are settled", tells: ["timeout"], hawser: [{ code: "timeout-send" }] }),
  },
  {
    rule: "what is sent during an outage comes in order, or is refused",
    farSide: opensAnd((line) => line.goDown()),
    application: { sends: { when: "lost", messages: number(100) } },
    expect: either({ sends: "come or are refused" }),
  },
  {
    rule: "what is on its way when the connection breaks is not sent twice",
    farSide: {
      onFrame: (line) => {
        line.resetSoon();
        line.reach();
        return false;
      },
    },
    application: { sends: { when: "open", messages: number(200) } },
    expect: either({ sends: "come at most once" }),
  },
  {
    rule: "what is sent comes in order, each once",
    farSide: opensAnd(() => undefined),
    application: { sends: { when: "open", messages: number(1_000) } },
    expect: goesOn({ sends: "come" }),
  },
];
