import { frame, opcode } from "../frames.ts";
import {
  binary,
  chop,
  closedByServer,
  fragmentsOf,
  type ImitatedCase,
  inPieces,
  type Seen,
  send,
  type Step,
  text,
} from "../imitated-case.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const filler = "BAsd7&jh23";

interface Kind {
  readonly name: string;
  readonly code: number;
  readonly seen: (payload: Buffer) => Seen;
}

const kinds: readonly [Kind, Kind] = [
  { name: "text", code: opcode.text, seen: text },
  { name: "binary", code: opcode.binary, seen: binary },
];

// One buffer for each length, since three hundred cases are in memory at once.
const payloads = new Map<number, Buffer>();

function payloadOf(length: number): Buffer {
  const payload = payloads.get(length) ?? Buffer.alloc(length, filler);
  payloads.set(length, payload);
  return payload;
}

/**
 * Sections 9.1 to 9.8 and 10: sizes up to 16 MiB, 4 MiB in fragments, 1 MiB in small writes, and a thousand messages
 * one after the other. The scripts are made when they are needed, by their getters: together they are 200 MiB.
 */
export const sizes: readonly ImitatedCase[] = [
  ...kinds.flatMap((kind, index) =>
    [64 * KiB, 256 * KiB, MiB, 4 * MiB, 8 * MiB, 16 * MiB].map((length, n) =>
      sized(`9.${index + 1}.${n + 1}`, `${kind.name}: ${length} octets`, kind, length, (payload) => [
        send(frame(kind.code, payload)),
      ]),
    ),
  ),
  ...kinds.flatMap((kind, index) =>
    [64, 256, KiB, 4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB, 4 * MiB].map((octets, n) =>
      sized(`9.${index + 3}.${n + 1}`, `${kind.name}: 4 MiB in fragments of ${octets}`, kind, 4 * MiB, (payload) => [
        send(...fragmentsOf(kind.code, piecesAsAutobahn(payload, octets))),
      ]),
    ),
  ),
  ...kinds.flatMap((kind, index) =>
    [64, 128, 256, 512, KiB, 2 * KiB].map((octets, n) =>
      sized(`9.${index + 5}.${n + 1}`, `${kind.name}: 1 MiB in writes of ${octets}`, kind, MiB, (payload) => [
        chop(octets, frame(kind.code, payload)),
      ]),
    ),
  ),
  ...kinds.flatMap((kind, index) =>
    [0, 16, 64, 256, KiB, 4 * KiB].map((length, n) => roundTrips(`9.${index + 7}.${n + 1}`, kind, length)),
  ),
  sized("10.1.1", "text: 65,536 octets in fragments of 1,300", kinds[0], 65_536, (payload) => [
    send(...fragmentsOf(opcode.text, inPieces(payload, 1300))),
  ]),
];

/** With an empty one at the end where the pieces come out even: 16,385 fragments for 4 MiB in pieces of 256. */
function piecesAsAutobahn(payload: Buffer, octets: number): readonly Buffer[] {
  if (payload.length <= octets) return [payload];
  const pieces = inPieces(payload, octets);
  return payload.length % octets === 0 ? [...pieces, Buffer.alloc(0)] : pieces;
}

function sized(
  id: string,
  description: string,
  kind: Kind,
  length: number,
  scriptOf: (payload: Buffer) => readonly Step[],
): ImitatedCase {
  return {
    id,
    description,
    get script() {
      return scriptOf(payloadOf(length));
    },
    get ok() {
      return [kind.seen(payloadOf(length))];
    },
    ending: closedByServer,
  };
}

function roundTrips(id: string, kind: Kind, length: number): ImitatedCase {
  const times = 1000;
  return {
    id,
    description: `${kind.name}: ${times} messages of ${length} octets, each after the echo of the last`,
    get script() {
      const one = send(frame(kind.code, payloadOf(length)));
      return Array.from({ length: times }, (_, index): Step[] => [one, { do: "until", seen: index + 1 }]).flat();
    },
    get ok() {
      const one = kind.seen(payloadOf(length));
      return Array.from({ length: times }, () => one);
    },
    ending: closedByServer,
  };
}
