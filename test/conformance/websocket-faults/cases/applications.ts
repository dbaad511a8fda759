import { answers, type Behaviour, goesSilent, opensAnd, refuses, says } from "../behaviour.ts";
import { closes, comesBack, either, type FaultCase, givesUp, goesOn } from "../fault-case.ts";
import { close, op, text } from "../frames.ts";

const three = ["one", "two", "three"];
const messages = says(...three.map((message) => text(message)));
const MiB = 1024 * 1024;

const floodOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => String(i).padEnd(16 * 1024, "."));

function* framesOf(all: readonly string[]): Generator<Buffer> {
  for (const message of all) yield text(message);
}

const flood: Behaviour = {
  onOpen: (line) => {
    line.flood(framesOf(floodOf(3_072)));
    line.reach();
  },
};

/** Reads on, and answers nothing but what is needed for the connection to stand. */
const answersNoClose: Behaviour = {
  onOpen: (line) => line.reach(),
  onFrame: (_line, { opcode }) => opcode === op.close,
};

/** Lets nobody in whose upgrade request has this in it. */
const refusesCredential = (credential: RegExp): Behaviour => ({
  onUpgrade: (line) => {
    if (!credential.test(line.head)) return line.accept();
    line.write("HTTP/1.1 401 Unauthorized\nconnection: close\ncontent-length: 0\n\n");
    line.socket.end();
    line.reach();
  },
});

const closesIn = (what: string, farSide: Behaviour, more: Partial<FaultCase> = {}): FaultCase => ({
  rule: `close() ${what} leaves nothing behind`,
  farSide,
  expect: closes,
  ...more,
});

const trickle: Behaviour = {
  onUpgrade: (line) => {
    line.write("HTTP/1.1 101 Switching Protocols\nx-pad: ");
    void line.drip(
      Array.from({ length: 1_000 }, () => Buffer.from("a")),
      5,
    );
    line.reach();
  },
};

/** What the application does, and what becomes of it when the far side is not kind to it. */
export const applicationFaults: readonly FaultCase[] = [
  {
    rule: "a handler that throws gets the next message all the same",
    farSide: messages,
    application: { handler: "throws" },
    expect: goesOn({ messages: three, tells: ["own"] }),
  },
  {
    rule: "a handler whose promise is rejected gets the next message all the same",
    farSide: messages,
    application: { handler: "rejects" },
    expect: goesOn({ messages: three, tells: ["own"] }),
  },
  {
    rule: "a handler that throws in the segment of the answer keeps no connection from opening",
    farSide: {
      onUpgrade: (line) => {
        line.accept({ rest: Buffer.concat(three.map((message) => text(message))) });
        line.reach();
      },
    },
    application: { handler: "throws" },
    expect: goesOn({ messages: three, tells: ["own"] }),
  },
  {
    rule: "a handler that takes its time does not fill the memory, and loses nothing",
    farSide: flood,
    application: { handler: "hangs" },
    maxFloodBytes: 30 * MiB,
    expect: goesOn({ messages: () => floodOf(3_072) }),
  },
  {
    rule: "a handler that takes its time is not taken for a dead line",
    farSide: { ...flood, onFrame: (_line, { opcode }) => opcode === op.ping },
    application: { handler: "hangs" },
    limits: { pingIntervalMs: 100, pingTimeoutMs: 300 },
    maxFloodBytes: 30 * MiB,
    expect: goesOn({ messages: () => floodOf(3_072) }),
  },
  {
    rule: "a handler that hangs keeps the loss of its connection from nobody",
    farSide: opensAnd((line) => {
      line.write(Buffer.concat([text("one"), close(1001)]));
    }),
    application: { handler: "hangs" },
    expect: comesBack("closed", { code: "connection-closed", closeCode: 1001 }, { messages: ["one"] }),
  },
  {
    rule: "a provider that rejects once is asked again",
    farSide: {},
    application: { provider: "rejects once" },
    expect: either({ tells: ["own"], hawser: [{ code: "unavailable-no-credentials", outcome: "not-sent" }] }),
  },
  {
    rule: "a provider that never settles ends by the connect limit",
    farSide: {},
    limits: { connectTimeoutMs: 400 },
    application: { provider: "hangs once" },
    expect: either({ tells: ["timeout"], hawser: [{ code: "timeout-connect", outcome: "not-sent" }] }),
  },
  {
    rule: "a credential that is refused is renewed",
    farSide: refusesCredential(/credential-1\b/),
    application: { provider: "issues" },
    expect: either(),
  },
  {
    rule: "a credential that is refused is renewed once, and not without an end",
    farSide: refusesCredential(/credential-/),
    application: { provider: "issues" },
    dials: { withinMs: 500, atMost: 2 },
    expect: givesUp("status", { code: "response-status", status: 401, outcome: "rejected" }),
  },
  closesIn("while a provider is asked", {}, { application: { provider: "hangs" } }),
  closesIn("while nobody takes the connection", { accepts: "backlog-full" }),
  closesIn("while the answer is waited for", answers("")),
  closesIn("while the answer trickles in", trickle),
  closesIn("while a redial is waited for", refuses("503 Unavailable"), {
    limits: { baseDelayMs: 1_000, maxDelayMs: 8_000 },
    // More than one: the first redial of some is at once.
    application: { awaitsFailures: 3 },
  }),
  closesIn(
    "while it is stormed",
    opensAnd((line) => line.resetSoon()),
  ),
  closesIn(
    "when it is open",
    opensAnd(() => undefined),
  ),
  closesIn(
    "more than once",
    opensAnd(() => undefined),
    { application: { closes: 3 } },
  ),
  closesIn("that is never answered", answersNoClose),
  closesIn("to a far side that reads nothing", goesSilent),
  closesIn("to a far side that reads nothing, with much to be sent,", goesSilent, {
    limits: { sendTimeoutMs: 600_000 },
    application: {
      sends: { when: "open", messages: Array.from({ length: 320 }, (_, i) => `${i} ${"x".repeat(64 * 1024)}`) },
    },
  }),
  closesIn("that is answered without the end of the connection", {
    onOpen: (line) => line.reach(),
    onFrame: (line, { opcode }) => {
      if (opcode === op.close) line.write(close(1000));
      return opcode === op.close;
    },
  }),
  closesIn("that is answered with another code", {
    onOpen: (line) => line.reach(),
    onFrame: (line, { opcode }) => {
      if (opcode === op.close) line.write(close(1011, "too late"));
      return opcode === op.close;
    },
  }),
  closesIn("that is answered with a broken frame", {
    onOpen: (line) => line.reach(),
    onFrame: (line, { opcode }) => {
      if (opcode === op.close) line.write(Buffer.from([0xff, 0xff]));
      return opcode === op.close;
    },
  }),
  closesIn("that is answered with a reset", {
    onOpen: (line) => line.reach(),
    onFrame: (line, { opcode }) => {
      if (opcode === op.close) line.reset();
      return opcode === op.close;
    },
  }),
  closesIn("that is answered with messages without an end", {
    onOpen: (line) => line.reach(),
    onFrame: (line, { opcode }) => {
      if (opcode === op.close) line.flood(framesOf(Array.from({ length: 50_000 }, () => "on and on")));
      return opcode === op.close;
    },
  }),
  closesIn("while a flood comes and its handler hangs", flood, {
    application: { handler: "hangs" },
    maxFloodBytes: 30 * MiB,
  }),
];
