import type { Behaviour } from "../behaviour.ts";
import type { Ending, ImitatedCase, Seen } from "./imitated-case.ts";

/** What came of a case. */
export interface CaseRecord {
  readonly seen: readonly Seen[];
  /** Whose Close frame, or whose end of the TCP connection, was first; `nobody`: the limit of the case had to end it. */
  readonly endedBy: "server" | "client" | "nobody";
  /** What the client's Close frame said; undefined where it said nothing, or did not come. */
  readonly clientCode: number | undefined;
  /** Whether both Close frames were there. */
  readonly isClean: boolean;
  /** What the client must never do, whatever the case. */
  readonly fault: string | undefined;
}

/** The verdict on a case, with a reason where it is not OK. */
export interface Judgement {
  readonly behavior: Behaviour;
  readonly reason: string;
}

/**
 * Stricter than Autobahn, which keeps how a connection was closed as a verdict of its own: here a case whose close is
 * wrong has failed.
 */
export function judge(one: ImitatedCase, record: CaseRecord): Judgement {
  if (record.fault !== undefined) return failed(`the client sent what no client may send: ${record.fault}`);
  if (one.isInformational === true) return { behavior: "INFORMATIONAL", reason: describe(record) };
  const isOk = isSame(record.seen, one.ok);
  if (!isOk && (one.nonStrict === undefined || !isSame(record.seen, one.nonStrict))) {
    return failed(`what came is not what was to come: ${describe(record)}`);
  }
  const problem = closeProblem(one.ending, record);
  if (problem !== undefined) return failed(`${problem}: ${describe(record)}`);
  return isOk ? { behavior: "OK", reason: "" } : { behavior: "NON-STRICT", reason: describe(record) };
}

const failed = (reason: string): Judgement => ({ behavior: "FAILED", reason });

function closeProblem(ending: Ending, { endedBy, clientCode, isClean }: CaseRecord): string | undefined {
  if (endedBy === "nobody") return "the connection did not end";
  if (endedBy !== ending.by) return "the wrong side ended the connection";
  if (ending.isClean && !isClean) return "the connection was not closed with a Close frame on both sides";
  if (clientCode !== undefined && !ending.codes.includes(clientCode)) {
    return `the close code must be one of ${ending.codes.join(", ")}`;
  }
  return undefined;
}

/** Whether everything is the same, octet by octet. */
export function isSame(some: readonly Seen[], others: readonly Seen[]): boolean {
  if (some.length !== others.length) return false;
  return some.every((one, index) => {
    const other = others[index];
    if (one.kind === "waited" || other?.kind === "waited") {
      return one.kind === "waited" && other?.kind === "waited" && one.name === other.name;
    }
    return one.kind === other?.kind && one.payload.equals(other.payload);
  });
}

function describe({ seen, endedBy, clientCode, isClean }: CaseRecord): string {
  const shown = seen.slice(0, 12).map((one) => (one.kind === "waited" ? `waited ${one.name}` : payloadOf(one)));
  const more = seen.length > 12 ? ` and ${seen.length - 12} more` : "";
  const code = clientCode === undefined ? "without a code" : `with ${clientCode}`;
  return `[${shown.join(", ")}${more}], ended by ${endedBy} ${code}${isClean ? "" : ", not clean"}`;
}

function payloadOf(one: Exclude<Seen, { kind: "waited" }>): string {
  return `${one.kind} of ${one.payload.length} octets (${one.payload.subarray(0, 12).toString("hex")})`;
}
