import { deflateSync, gzipSync } from "node:zlib";
import { answers, type Behaviour, crlf, type Then, trickles } from "../behaviour.ts";
import { either, type Expectation, fails, type FaultCase, succeeds } from "../fault-case.ts";

const good = gzipSync("ok");
const encoded = (encoding: string, body: Buffer, then: Then = "goes-on", status = "200 OK"): Behaviour =>
  answers(
    Buffer.concat([
      crlf(`HTTP/1.1 ${status}\ncontent-encoding: ${encoding}\ncontent-length: ${body.byteLength}\n\n`),
      body,
    ]),
    then,
  );
const refused = fails(["encoding", "protocol", "reset"], { code: "decode-encoding", outcome: "accepted" });
const tooMuch = fails(
  ["too-large", "encoding"],
  { code: "decode-too-large", outcome: "accepted" },
  { code: "decode-encoding", outcome: "accepted" },
);
const mayTake = (body: string): Expectation => either(succeeds(body), refused);
const wrongSum = Buffer.from(good);
wrongSum.writeUInt32LE(0, wrongSum.byteLength - 8);

const of = (rule: string, farSide: Behaviour, expect: Expectation): FaultCase => ({
  rule,
  farSide,
  call: { method: "GET" },
  expect,
});

/** Answers that are compressed, or say that they are. */
export const encodingFaults: readonly FaultCase[] = [
  of("what is compressed with gzip is read", encoded("gzip", good), succeeds()),
  of("what is compressed with gzip is read, whatever the case of the word", encoded("GZip", good), succeeds()),
  of("an encoding that is none is read", encoded("identity", Buffer.from("ok")), succeeds()),
  of("a bomb of gzip does not fill the memory", encoded("gzip", gzipSync(Buffer.alloc(16 * 1024 * 1024))), tooMuch),
  of(
    "a bomb within a bomb does not fill the memory",
    encoded("gzip, gzip", gzipSync(gzipSync(Buffer.alloc(16 * 1024 * 1024)))),
    tooMuch,
  ),
  of(
    "gzip that breaks off is not taken for whole",
    encoded("gzip", gzipSync("ok".repeat(500)).subarray(0, 20)),
    refused,
  ),
  of("gzip without its last bytes is not taken for whole", encoded("gzip", good.subarray(0, -6)), refused),
  of("gzip with a wrong sum is refused", encoded("gzip", wrongSum), refused),
  of("what is said to be gzip and is not, is refused", encoded("gzip", Buffer.from("ok")), refused),
  of("what is said to be br and is not, is refused", encoded("br", Buffer.from("not brotli at all")), refused),
  of(
    "gzip with something behind it is read or refused",
    encoded("gzip", Buffer.concat([good, Buffer.from("more")])),
    mayTake("ok"),
  ),
  of("deflate is read or refused", encoded("deflate", deflateSync("ok")), mayTake("ok")),
  of("an encoding that nobody knows is refused", encoded("klingon", Buffer.from("ok")), refused),
  of("an encoding that is empty is none, or refused", encoded("", Buffer.from("ok")), mayTake("ok")),
  of(
    "encodings without an end are refused",
    encoded(Array.from({ length: 200 }, () => "gzip").join(", "), good),
    refused,
  ),
  of(
    "an error that is compressed is told by its status",
    encoded("gzip", gzipSync("no"), "goes-on", "404 No"),
    fails("status", { code: "response-status", status: 404 }),
  ),
  of(
    "an error whose encoding is broken is told by its status",
    encoded("gzip", Buffer.from("no"), "goes-on", "404 No"),
    fails(["status", "encoding"], { code: "response-status", status: 404 }),
  ),
  of("a 204 has nothing to decode", answers("HTTP/1.1 204 No Content\ncontent-encoding: gzip\n\n"), succeeds("", 204)),
  {
    ...of("an answer to HEAD has nothing to decode", encoded("gzip", Buffer.alloc(0)), succeeds("")),
    call: { method: "HEAD" },
  },
  of("gzip of no bytes at all is read as nothing, or refused", encoded("gzip", Buffer.alloc(0)), mayTake("")),
  {
    ...of(
      "gzip that trickles in ends by the deadline, or is refused at once",
      trickles(
        Buffer.concat([crlf("HTTP/1.1 200 OK\ncontent-encoding: gzip\n\n"), good.subarray(0, 10)]),
        Buffer.from([0]),
        20,
      ),
      fails(["timeout", "encoding"], { code: "timeout-deadline" }, { code: "decode-encoding" }),
    ),
    limits: { deadlineMs: 200 },
  },
];
