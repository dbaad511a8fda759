import { answer, answers, answersEarly, type Behaviour, trickles } from "../behaviour.ts";
import { either, fails, type FaultCase, succeeds } from "../fault-case.ts";

const reset = fails("reset", { code: "connection-reset", outcome: "unknown" });
const status = (code: number) => fails("status", { code: "response-status", status: code });
const large = { call: { body: "large" } } as const;

const hint = "HTTP/1.1 103 Early Hints\nlink: </style.css>; rel=preload\n\n";
const tooLarge = answer("no", "connection: close", "413 Content Too Large");

/** What comes before the answer, and answers that come before their time. */
export const interimFaults: readonly FaultCase[] = [
  {
    rule: "a 100 that nobody asked for is passed over",
    farSide: answers(`HTTP/1.1 100 Continue\n\n${answer("ok")}`),
    expect: succeeds("ok", 200),
  },
  { rule: "early hints are passed over", farSide: answers(hint + answer("ok")), expect: succeeds("ok", 200) },
  {
    rule: "an interim status that nobody knows is passed over",
    farSide: answers(`HTTP/1.1 199 Hm\n\n${answer("ok")}`),
    expect: succeeds("ok", 200),
  },
  {
    rule: "a thousand interim answers are passed over",
    farSide: answers(hint.repeat(1_000) + answer("ok")),
    expect: succeeds("ok", 200),
  },
  {
    rule: "interim answers without an end are ended by the deadline",
    farSide: trickles(hint, hint, 5),
    limits: { deadlineMs: 150 },
    expect: fails("timeout", { code: "timeout-deadline", outcome: "unknown", phase: "headers" }),
  },
  { rule: "an end after an interim answer is no answer", farSide: answers(hint, "ends"), expect: reset },
  { rule: "a reset after an interim answer is no answer", farSide: answers(hint, "resets"), expect: reset },
  {
    rule: "an interim answer with a length has no body",
    farSide: answers(`HTTP/1.1 103 Early Hints\ncontent-length: 2\n\n${answer("ok")}`),
    expect: either(succeeds("ok", 200), fails("protocol", { code: "connection-protocol", outcome: "unknown" })),
  },
  {
    rule: "an upgrade that nobody asked for is an error",
    farSide: answers("HTTP/1.1 101 Switching Protocols\nconnection: upgrade\nupgrade: websocket\n\n"),
    limits: { deadlineMs: 1_000 },
    expect: fails(["protocol", "reset", "status"], { code: "connection-protocol" }, { code: "connection-reset" }),
  },
  {
    rule: "a 101 without an upgrade is an error",
    farSide: answers("HTTP/1.1 101 Switching Protocols\n\n"),
    limits: { deadlineMs: 1_000 },
    expect: fails(
      ["protocol", "reset", "status", "timeout"],
      { code: "connection-protocol" },
      { code: "connection-reset" },
      { code: "timeout-deadline" },
    ),
  },
  {
    rule: "a refusal before the body was sent is told as one",
    farSide: answersEarly(tooLarge, "goes-on", "read"),
    ...large,
    expect: status(413),
  },
  {
    rule: "a refusal before the body was read, and the end with it, is told as one or as a broken connection",
    farSide: answersEarly(tooLarge, "ends", "unread"),
    ...large,
    expect: either(
      status(413),
      fails(
        ["status", "reset"],
        { code: "response-status", status: 413 },
        { code: "connection-reset", outcome: "unknown" },
      ),
    ),
  },
  {
    rule: "a refusal that a reset follows is told as one or as a broken connection",
    farSide: answersEarly(tooLarge, "resets", "unread"),
    ...large,
    expect: fails(
      ["status", "reset"],
      { code: "response-status", status: 413 },
      { code: "connection-reset", outcome: "unknown" },
    ),
  },
  {
    rule: "a success before the body was read does not hang, and poisons nothing",
    farSide: answersEarly(answer("ok"), "goes-on", "unread"),
    ...large,
    expect: either(succeeds(), reset),
  },
  {
    rule: "a success before a large stream was read ends the sending",
    farSide: answersEarly(answer("ok"), "goes-on", "unread"),
    call: { body: "large-stream" },
    limits: { deadlineMs: 1_000 },
    expect: either(
      succeeds(),
      fails(
        ["reset", "timeout"],
        { code: "connection-reset", outcome: "unknown" },
        { code: "timeout-deadline", outcome: "unknown" },
      ),
    ),
  },
  {
    rule: "a failure while the body is sent is told as one",
    farSide: answersEarly(answer("no", "", "500 No"), "goes-on", "read"),
    ...large,
    expect: status(500),
  },
  {
    rule: "an answer before its request is taken for the answer or refused",
    farSide: speaksFirst(answer("early")),
    expect: either(
      succeeds("early"),
      fails(["reset", "protocol"], { code: "connection-reset" }, { code: "connection-protocol" }),
    ),
  },
  {
    rule: "the greeting of another protocol breaks the protocol",
    farSide: speaksFirst("220 mail.test ESMTP\n"),
    expect: fails(["protocol", "reset"], { code: "connection-protocol" }, { code: "connection-reset" }),
  },
];

function speaksFirst(bytes: string): Behaviour {
  return {
    onConnection: (socket) => {
      socket.write(bytes.replaceAll("\n", "\r\n"));
      return false;
    },
    onRequest: () => undefined,
  };
}
