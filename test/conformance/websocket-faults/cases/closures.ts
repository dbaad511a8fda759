import { type Behaviour, opensAnd, says } from "../behaviour.ts";
import { comesBack, type FaultCase, givesUp } from "../fault-case.ts";
import { close, frame, text } from "../frames.ts";

const before = text("before");

/** Accepts, and ends the connection so. */
const closesWith = (code: number | undefined, reason = ""): Behaviour =>
  opensAnd((line) => {
    line.write(close(code, reason));
  });

const passes = (code: number, what: string): FaultCase => ({
  rule: `${code} (${what}) passes`,
  farSide: closesWith(code, "so it is"),
  limits: { maxDelayMs: 400 },
  expect: comesBack("closed", { code: "connection-closed", closeCode: code }, { closeCode: code }),
});

const isForGood = (code: number, what: string): FaultCase => ({
  rule: `${code} (${what}) is for good`,
  farSide: closesWith(code, "so it is"),
  expect: givesUp("closed", { code: "connection-closed", closeCode: code }, { closeCode: code }),
});

/** Accepts whoever comes, and ends each connection at once. */
const storm = (rule: string, farSide: Behaviour): FaultCase => ({
  rule,
  farSide,
  limits: { baseDelayMs: 100, maxDelayMs: 2_000 },
  dials: { withinMs: 4_000, atMost: 12, atLeast: 2 },
  expect: comesBack(["reset", "closed"], [{ code: "connection-reset" }, { code: "connection-closed" }]),
});

/** Connections that the far side closes, for whatever reason it gives, and at once. */
export const closureFaults: readonly FaultCase[] = [
  {
    rule: "a Close frame without the end of the connection is followed by another one",
    farSide: { ...says(before, close(1001)), onFrame: () => true },
    expect: comesBack(
      "closed",
      { code: "connection-closed", closeCode: 1001 },
      { messages: ["before"], closeCode: 1001 },
    ),
  },
  {
    rule: "a Close frame and a reset right behind it are followed by another connection",
    farSide: opensAnd((line) => {
      line.write(Buffer.concat([before, close(1001)]));
      line.resetSoon();
    }),
    expect: comesBack(["closed", "reset"], [{ code: "connection-closed" }, { code: "connection-reset" }], {
      messages: ["before"],
    }),
  },
  {
    rule: "a broken frame without the end of the connection is followed by another one",
    farSide: { ...says(before, frame(3, "x")), onFrame: () => true },
    expect: comesBack("protocol", { code: "connection-protocol" }, { messages: ["before"] }),
  },
  {
    rule: "a Close frame without a code passes",
    farSide: closesWith(undefined),
    expect: comesBack("closed", { code: "connection-closed", closeCode: 1005 }, { closeCode: 1005 }),
  },
  passes(1000, "normal closure"),
  passes(1001, "going away"),
  isForGood(1002, "protocol error"),
  isForGood(1003, "unsupported data"),
  isForGood(1007, "invalid payload"),
  isForGood(1008, "policy violation"),
  isForGood(1009, "message too big"),
  isForGood(1010, "extension required"),
  passes(1011, "internal error"),
  passes(1012, "service restart"),
  passes(1013, "try again later"),
  passes(1014, "bad gateway"),
  isForGood(3000, "unauthorized"),
  isForGood(3003, "forbidden"),
  passes(3008, "timeout"),
  passes(4001, "the service's own"),
  passes(4999, "the service's own"),
  {
    rule: "after 1012 a restart is given its time",
    farSide: closesWith(1012),
    limits: { baseDelayMs: 10, maxDelayMs: 3_000 },
    dials: { withinMs: 400, atMost: 1 },
    expect: comesBack("closed", { code: "connection-closed", closeCode: 1012 }),
  },
  {
    rule: "after 1013 a service that has too much to do is left alone for a while",
    farSide: closesWith(1013),
    limits: { baseDelayMs: 10, maxDelayMs: 3_000 },
    dials: { withinMs: 1_400, atMost: 1 },
    expect: comesBack("closed", { code: "connection-closed", closeCode: 1013 }),
  },
  storm("who accepts and closes with 1000 is not stormed", closesWith(1000)),
  storm("who accepts and closes with 1001 is not stormed", closesWith(1001)),
  storm("who accepts and closes with 1011 is not stormed", closesWith(1011)),
  storm(
    "who accepts and ends is not stormed",
    opensAnd((line) => line.socket.end()),
  ),
  storm(
    "who accepts and resets is not stormed",
    opensAnd((line) => line.resetSoon()),
  ),
  storm(
    "who flaps is not stormed",
    opensAnd((line) => line.after(10, () => line.socket.end())),
  ),
  storm("who refuses and accepts in turn is not stormed", {
    onUpgrade: (line) => {
      if (line.number % 2 === 1) line.write("HTTP/1.1 503 Busy\ncontent-length: 0\nconnection: close\n\n");
      else line.accept({ rest: close(1001) });
      line.socket.end();
      line.reach();
    },
  }),
];
