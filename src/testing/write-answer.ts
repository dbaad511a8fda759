import type { AnswerBody } from "./answer-body.ts";
import type { PreparedAnswer } from "./answer-step.ts";
import type { MockFault } from "./faults.ts";
import type { Line, LocalWire } from "./local-wire.ts";
import { chunkOf, lastChunk, rawHead } from "./raw-answer.ts";

const readBefore = new WeakSet<object>();

/** Writes an answer onto a line, and ends it as the answer says. */
export async function writeAnswer(wire: LocalWire, line: Line, method: string, answer: PreparedAnswer): Promise<void> {
  const { status, body, cutAfterBytes, cutBy } = answer;
  if (body.kind === "stream") {
    if (readBefore.has(body.stream)) {
      throw new Error("its body is a stream that was read before: give a function that makes the stream");
    }
    readBefore.add(body.stream);
  }
  const contentType = contentTypeOf(body);
  const isTyped = Object.keys(answer.headers).some((name) => name.toLowerCase() === "content-type");
  const headers =
    isTyped || contentType === undefined ? answer.headers : { "content-type": contentType, ...answer.headers };
  const head = rawHead({ status, method, headers, length: lengthOf(body) });
  let left = cutAfterBytes ?? Number.POSITIVE_INFINITY;
  const cut = async (): Promise<void> => {
    // What was written before arrives before the end does, which a reset on a real network does not promise.
    await new Promise<void>((done) => setImmediate(done));
    if (cutBy === "close") line.end();
    else line.break();
  };
  await line.write(head.bytes);
  if (head.framing !== "none") {
    for await (const piece of piecesOf(body, wire, line)) {
      const part = piece.byteLength > left ? piece.subarray(0, left) : piece;
      left -= part.byteLength;
      // An empty chunk would end the body.
      const isWritten = part.byteLength === 0 || (await line.write(head.framing === "chunked" ? chunkOf(part) : part));
      if (!isWritten) return;
      if (left === 0) break;
    }
  }
  if (left === 0) {
    await cut();
    return;
  }
  if (body.kind === "pieces" && body.pieces.staysOpen && head.framing !== "none") return;
  if (head.framing === "chunked") await line.write(lastChunk);
  line.end();
}

const notHttp = Buffer.from("this is no HTTP\r\n\r\n");

/** Does on a line what a fault is that comes after the request has arrived. */
export async function writeFault(line: Line, fault: MockFault): Promise<void> {
  if (fault === "reset") line.break();
  else if (fault === "closed") line.end();
  else if (fault === "malformed") await line.write(notHttp);
}

function contentTypeOf(body: AnswerBody): string | undefined {
  if (body.kind === "none") return undefined;
  if (body.kind === "bytes") return body.contentType;
  return body.kind === "pieces" ? body.pieces.contentType : "application/octet-stream";
}

function lengthOf(body: AnswerBody): number | undefined {
  if (body.kind === "none") return 0;
  return body.kind === "bytes" ? body.bytes.byteLength : undefined;
}

async function* piecesOf(body: AnswerBody, wire: LocalWire, line: Line): AsyncGenerator<Uint8Array, void> {
  switch (body.kind) {
    case "none":
      return;
    case "bytes":
      yield body.bytes;
      return;
    case "pieces":
      for (const piece of body.pieces.pieces) {
        if (body.pieces.everyMs > 0) await wire.wait(body.pieces.everyMs, line.gone);
        yield piece;
      }
      return;
    case "stream":
      for await (const piece of body.stream) yield typeof piece === "string" ? Buffer.from(piece) : piece;
  }
}
