import type { DeflateAnswer } from "./deflate.ts";
import { closePayload, frame, opcode } from "./frames.ts";

/** What the server has seen of the client, in its order. */
export type Seen =
  | { readonly kind: "text" | "binary" | "ping" | "pong"; readonly payload: Buffer }
  /** A wait of the script came to its end with the connection still there. */
  | { readonly kind: "waited"; readonly name: string };

/** What the server does, in its order. */
export type Step =
  | { readonly do: "send"; readonly bytes: Buffer }
  /** The same in pieces of so many octets, each a write of its own. */
  | { readonly do: "chop"; readonly bytes: Buffer; readonly octets: number }
  | { readonly do: "wait"; readonly name: string; readonly ms: number }
  /** Until so many things of the client were seen. */
  | { readonly do: "until"; readonly seen: number }
  /** Sends this as its Close frame. */
  | { readonly do: "close"; readonly bytes: Buffer };

/** How the connection is to end. */
export interface Ending {
  /** Who begins: `client` where it has to fail the connection. */
  readonly by: "server" | "client";
  /** What the Close frame of the client may say; one without a code, or none, passes as well. */
  readonly codes: readonly number[];
  /** Whether both Close frames have to be there. */
  readonly isClean: boolean;
}

/** A case: what is sent, and what has to come of it. */
export interface ImitatedCase {
  readonly id: string;
  readonly description: string;
  readonly script: readonly Step[];
  readonly ok: readonly Seen[];
  /** Not what the RFC wants, and not forbidden either. */
  readonly nonStrict?: readonly Seen[];
  readonly ending: Ending;
  /** Whatever comes of it, it is not judged. */
  readonly isInformational?: boolean;
  /** It wants permessage-deflate; the server gives the first of these answers that the client's offer allows. */
  readonly deflate?: readonly DeflateAnswer[];
}

/** The server closes with 1000 when all has come, and the client answers. */
export const closedByServer: Ending = { by: "server", codes: [1000], isClean: true };

/** The client has to fail the connection, with this code or by dropping it. */
export const failedByClient = (code: number): Ending => ({ by: "client", codes: [code], isClean: false });

export const send = (...frames: readonly Buffer[]): Step => ({ do: "send", bytes: Buffer.concat(frames) });

/** Each frame in a write of its own. */
export const eachAlone = (...frames: readonly Buffer[]): Step[] => frames.map((one) => send(one));

export const chop = (octets: number, ...frames: readonly Buffer[]): Step => ({
  do: "chop",
  bytes: Buffer.concat(frames),
  octets,
});

export const wait = (name: string, ms: number): Step => ({ do: "wait", name, ms });

export const close = (code: number, reason: Buffer | string = ""): Step => closeWith(closePayload(code, reason));

export const closeWith = (payload: Buffer): Step => ({ do: "close", bytes: frame(opcode.close, payload) });

const seen =
  (kind: "text" | "binary" | "ping" | "pong") =>
  (payload: Buffer | string): Seen => ({ kind, payload: Buffer.from(payload) });

export const text: (payload: Buffer | string) => Seen = seen("text");
export const binary: (payload: Buffer | string) => Seen = seen("binary");
export const pong: (payload: Buffer | string) => Seen = seen("pong");
export const waited = (name: string): Seen => ({ kind: "waited", name });

/** Frames of one message: the first with the opcode, the others continuing it, the last with FIN. */
export function fragmentsOf(code: number, parts: readonly (Buffer | string)[]): Buffer[] {
  return parts.map((part, index) =>
    frame(index === 0 ? code : opcode.continuation, part, { fin: index === parts.length - 1 }),
  );
}

/** A payload in pieces of so many octets. */
export function inPieces(payload: Buffer, octets: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < payload.length; at += octets) pieces.push(payload.subarray(at, at + octets));
  return pieces;
}
