import type { ClientOptions } from "ws";
import type { CreateConnection, SocketTarget } from "./stream-socket.ts";

// ws's own 16,384 fails four Autobahn cases (9.3.1 and the like: 4 MiB in 64-byte fragments); undici's bound does not.
const maxFragments = 131_072;

// The chunks of a frame that is not whole yet. ws takes them off the front of an array one by one, which costs the
// square of their number once V8 can no longer trim the array: measured 0.1 s for 32,768, 4 s for 65,536, and two
// minutes for its own 262,144, in which the process stands still. TCP segments, 1 KiB and more, must pass in any case.
const maxChunks = 32_768;
const minSegmentBytes = 1_024;

// The types of ws know no `closeTimeout`, and for `createConnection` only the function of `node:net` itself.
interface WsOptions extends Omit<ClientOptions, "createConnection"> {
  readonly closeTimeout: number;
  readonly createConnection?: CreateConnection;
}

/** How `ws` is told to dial. */
export function wsOptions(target: SocketTarget): WsOptions {
  const { tls, maxPayloadBytes, closeTimeoutMs, compression = false, createConnection } = target;
  const { ca, cert, key, rejectUnauthorized } = tls;
  return {
    headers: { ...target.headers },
    perMessageDeflate: compression !== false && {
      threshold: compression.thresholdBytes,
      // Each message for itself: else the peer keeps a window of 32 KiB for each of its clients from one message to the
      // next, and may refuse for it. What ws keeps of zlib, measured 200 KiB for a connection that has compressed, it
      // keeps in either case: that is why compression is off by default. What the peer compresses is its own choice.
      clientNoContextTakeover: true,
    },
    followRedirects: false,
    // ws ends the connection without a word when 60 pongs wait to be written.
    autoPong: false,
    // transport.ts finds out what is none for less, by what it decodes in any case.
    skipUTF8Validation: true,
    maxPayload: maxPayloadBytes,
    maxFragments,
    maxBufferedChunks: Math.max(maxChunks, Math.ceil(maxPayloadBytes / minSegmentBytes)),
    closeTimeout: closeTimeoutMs,
    ...(ca === undefined ? {} : { ca: ca as string | Buffer | (string | Buffer)[] }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    ...(createConnection === undefined ? {} : { createConnection }),
  };
}
