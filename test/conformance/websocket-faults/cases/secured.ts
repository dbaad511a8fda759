import type { Behaviour } from "../behaviour.ts";
import { closes, comesBack, type FaultCase, givesUp, goesOn } from "../fault-case.ts";
import { text } from "../frames.ts";
import type { Line } from "../line.ts";

/** Does this in place of a TLS handshake. */
const inPlaceOfTls = (act: (line: Line) => void): Behaviour => ({
  scheme: "wss",
  onConnection: (line) => {
    act(line);
    line.reach();
    return true;
  },
});

const noTls = comesBack(
  ["tls", "connect", "reset"],
  [
    { code: "connection-tls", outcome: "not-sent" },
    { code: "connection-reset", outcome: "not-sent" },
  ],
);

const stalls = inPlaceOfTls((line) => line.socket.resume());

/** Streams over TLS. */
export const securedFaults: readonly FaultCase[] = [
  {
    rule: "a certificate for another host is for good, and nothing is sent",
    farSide: { scheme: "untrusted" },
    expect: givesUp("tls", { code: "connection-tls", outcome: "not-sent" }),
  },
  {
    rule: "a far side that speaks no TLS is dialled again",
    farSide: inPlaceOfTls((line) => {
      line.write("HTTP/1.1 400 Bad Request\ncontent-length: 0\n\n");
      line.socket.end();
    }),
    expect: noTls,
  },
  {
    rule: "a TLS handshake that ends is begun again",
    farSide: inPlaceOfTls((line) => line.socket.end()),
    expect: noTls,
  },
  {
    rule: "a TLS handshake that is reset is begun again",
    farSide: inPlaceOfTls((line) => line.reset()),
    expect: noTls,
  },
  {
    rule: "a TLS handshake that stalls ends by the connect limit",
    farSide: stalls,
    limits: { connectTimeoutMs: 400 },
    expect: comesBack("timeout", { code: "timeout-connect", outcome: "not-sent" }),
  },
  {
    rule: "a message in the TLS record of the answer is not lost",
    farSide: {
      scheme: "wss",
      onUpgrade: (line) => {
        line.accept({ rest: text("early") });
        line.reach();
      },
    },
    expect: goesOn({ messages: ["early"] }),
  },
  {
    rule: "an end of the connection without the end of TLS is followed by another connection",
    farSide: {
      scheme: "wss",
      onOpen: (line) => {
        line.write(text("before"));
        line.also(line.drip([], 5).then(() => void line.socket.destroy()));
        line.reach();
      },
    },
    expect: comesBack("reset", { code: "connection-reset", outcome: "unknown" }, { messages: ["before"] }),
  },
  { rule: "close() while TLS is agreed on leaves nothing behind", farSide: stalls, expect: closes },
];
