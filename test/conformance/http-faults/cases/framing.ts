import { answer, answers } from "../behaviour.ts";
import { either, fails, type FaultCase, succeeds } from "../fault-case.ts";

const protocol = fails("protocol", { code: "connection-protocol", outcome: "unknown" });
const raw = (text: string): Buffer => Buffer.from(text, "latin1");
const http2Settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const tlsAlert = Buffer.from([0x15, 3, 1, 0, 2, 2, 40]);

/** Answers that are not quite HTTP: status lines, header lines, and what is sent in their place. */
export const framingFaults: readonly FaultCase[] = [
  { rule: "a status line that is none breaks the protocol", farSide: answers("garbage\n\n"), expect: protocol },
  { rule: "a status line without a status breaks the protocol", farSide: answers("HTTP/1.1\n\n"), expect: protocol },
  {
    rule: "a status of two digits breaks the protocol",
    farSide: answers("HTTP/1.1 20 OK\ncontent-length: 2\n\nok"),
    expect: protocol,
  },
  {
    rule: "a status of four digits breaks the protocol",
    farSide: answers("HTTP/1.1 2000 OK\ncontent-length: 2\n\nok"),
    expect: protocol,
  },
  {
    rule: "a status with letters breaks the protocol",
    farSide: answers("HTTP/1.1 2O0 OK\ncontent-length: 2\n\nok"),
    expect: protocol,
  },
  {
    rule: "a status line without a reason is allowed",
    farSide: answers("HTTP/1.1 200\ncontent-length: 2\n\nok"),
    expect: succeeds(),
  },
  {
    rule: "an unknown version breaks the protocol",
    farSide: answers("HTTP/9.9 200 OK\ncontent-length: 2\n\nok"),
    expect: protocol,
  },
  {
    rule: "a version in small letters breaks the protocol",
    farSide: answers("http/1.1 200 OK\ncontent-length: 2\n\nok"),
    expect: protocol,
  },
  {
    rule: "HTTP/0.9, a body and nothing else, breaks the protocol",
    farSide: answers("<html>ok</html>", "ends"),
    expect: protocol,
  },
  {
    rule: "frames of HTTP/2 that nobody asked for break the protocol",
    farSide: answers(http2Settings),
    expect: protocol,
  },
  { rule: "a TLS alert on a plain port breaks the protocol", farSide: answers(tlsAlert, "ends"), expect: protocol },
  {
    rule: "the banner of another service breaks the protocol",
    farSide: answers("SSH-2.0-OpenSSH_9.9\n"),
    expect: protocol,
  },
  {
    rule: "a header line without a colon breaks the protocol",
    farSide: answers("HTTP/1.1 200 OK\nnonsense\ncontent-length: 2\n\nok"),
    expect: protocol,
  },
  {
    rule: "a space before the colon of a header breaks the protocol",
    farSide: answers("HTTP/1.1 200 OK\ncontent-length : 2\n\nok"),
    expect: protocol,
  },
  {
    rule: "a header without a name breaks the protocol",
    farSide: answers("HTTP/1.1 200 OK\n: x\ncontent-length: 2\n\nok"),
    expect: protocol,
  },
  { rule: "a NUL in a header breaks the protocol", farSide: answers(answer("ok", "x-a: a\0b")), expect: protocol },
  {
    rule: "a NUL in the reason breaks the protocol or is passed over, as all of the reason is",
    farSide: answers(answer("ok", "", "200 O\0K")),
    expect: either(succeeds(), protocol),
  },
  {
    rule: "a bare CR in a header breaks the protocol",
    farSide: answers(raw("HTTP/1.1 200 OK\r\nx-a: a\rx-b: b\r\ncontent-length: 2\r\n\r\nok")),
    expect: protocol,
  },
  {
    rule: "line ends of a bare LF are taken or refused, and never misread",
    farSide: answers(raw("HTTP/1.1 200 OK\ncontent-length: 2\n\nok")),
    expect: either(succeeds(), protocol),
  },
  {
    rule: "a folded header is unfolded or refused, and never misread",
    farSide: answers(answer("ok", "x-a: a\n  folded")),
    expect: either(succeeds(), protocol),
  },
  {
    rule: "letters beyond ASCII in a header are allowed",
    farSide: answers(answer("ok", "x-a: \u00e9\u00ff")),
    expect: succeeds(),
  },
  {
    rule: "a header larger than there is room for breaks the protocol",
    farSide: answers(answer("ok", `x-a: ${"a".repeat(100_000)}`)),
    expect: protocol,
  },
  {
    rule: "more headers than there is room for break the protocol",
    farSide: answers(answer("ok", Array.from({ length: 5_000 }, (_, i) => `x-${i}: aaaaaaaaaaaaaaaa`).join("\n"))),
    expect: protocol,
  },
  {
    rule: "a status line larger than there is room for breaks the protocol",
    farSide: answers(answer("ok", "", `200 ${"a".repeat(1_000_000)}`)),
    expect: either(succeeds(), protocol),
  },
  {
    rule: "headers with the names that every object has are only headers",
    farSide: answers(answer("ok", "__proto__: a\nconstructor: b\nhasOwnProperty: c\ntoString: d")),
    expect: succeeds(),
  },
];
