import { Readable } from "node:stream";
import type { PreparedBody } from "./prepared-body.ts";

/** How far an upload has come. */
export interface UploadProgress {
  /** Bytes of the body that were handed to the connection. The last of them may still lie in a buffer. */
  readonly sentBytes: number;
  /** Of the whole body; undefined where a stream does not say. */
  readonly totalBytes: number | undefined;
}

export type OnProgress = (progress: UploadProgress) => void;

// What a socket takes without much waiting; a larger piece would make few and coarse steps.
const pieceBytes = 64 * 1024;

/**
 * The body, telling how far it was sent.
 *
 * @param byteLength - of a body of bytes, which becomes a stream by this.
 */
export function watched(body: PreparedBody, onProgress: OnProgress, byteLength?: number): PreparedBody {
  const totalBytes = body.contentLength ?? byteLength;
  return {
    ...body,
    contentLength: totalBytes,
    open() {
      const opened = body.open();
      if (opened === null || typeof opened === "string") return opened;
      const told = Readable.from(tell(opened, totalBytes, onProgress), { objectMode: false });
      // A generator that was never started does not close what it would have read.
      if (opened instanceof Readable) told.once("close", () => opened.destroy());
      return told;
    },
  };
}

async function* tell(
  body: Uint8Array | Readable,
  totalBytes: number | undefined,
  onProgress: OnProgress,
): AsyncGenerator<Uint8Array> {
  let sentBytes = 0;
  for await (const chunk of body instanceof Readable ? (body as AsyncIterable<unknown>) : piecesOf(body)) {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Uint8Array);
    yield bytes;
    sentBytes += bytes.byteLength;
    onProgress({ sentBytes, totalBytes });
  }
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += pieceBytes) yield bytes.subarray(start, start + pieceBytes);
}
