import { inspect } from "node:util";
import { causesOf, nameOf } from "../faults/causes.ts";
import { type FaultCase, type FaultKind, messagesOf } from "./fault-case.ts";
import { type Observation, secret } from "./run-case.ts";

/** What a client can do wrong in a case, the gravest first. */
export const defects = [
  "process event",
  "storm",
  "wrong message",
  "lost message",
  "wrong frame",
  "unbounded memory",
  "hang",
  "not given up",
  "given up",
  "idle connection",
  "left behind",
  "unclear error",
  "shown secret",
] as const;

export type Defect = (typeof defects)[number];

/** Everything that a client did wrong in a case. The same for Hawser and for its peers. */
export function judge(faultCase: FaultCase, seen: Observation): ReadonlySet<Defect> {
  const { expect, dials, maxFloodBytes } = faultCase;
  const found = new Set<Defect>();
  const add = (defect: Defect, isFound: boolean): void => void (isFound && found.add(defect));
  if (!seen.isReached) found.add("hang");
  if (expect.stream === "gives up") add("not given up", seen.allDials > (dials?.atMost ?? 1));
  else add("storm", dials !== undefined && seen.dials > dials.atMost);
  add("hang", dials !== undefined && seen.dials < (dials.atLeast ?? 0));
  judgeMessages(expect, seen, add);
  judgeSends(expect.sends, seen, add);
  add("wrong frame", seen.badFrames.length > 0);
  add("unbounded memory", maxFloodBytes !== undefined && seen.floodedBytes > maxFloodBytes);
  judgeEnd(expect.stream, seen, add);
  add("left behind", !seen.isClosed || seen.lateDials > 0 || seen.leftovers > 0);
  add("unclear error", expect.tells !== undefined && !isTold(seen.told, expect.tells));
  add("unclear error", expect.closeCode !== undefined && !seen.closeCodes.includes(expect.closeCode));
  add("shown secret", seen.told.flatMap(shownBy).some(hasSecret));
  return found;
}

type Add = (defect: Defect, isFound: boolean) => void;

function judgeMessages(expect: FaultCase["expect"], { messages, allDials }: Observation, add: Add): void {
  // Who closes amid a flood may have been given any of it.
  if (expect.stream === "closes") return;
  const wanted = messagesOf(expect);
  const isInOrder = isWithin(messages, wanted);
  add("wrong message", !isInOrder);
  // Who gave up a good connection lost what was on it; that is told as the one defect that it is.
  const isDropped = expect.stream === "goes on" && allDials > 1;
  const isComplete = messages.length >= wanted.length || expect.areMessagesOptional === true;
  add("lost message", isInOrder && !isComplete && !isDropped);
}

/** Whether these all come in the others, in the same order, and none more often. */
function isWithin(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const one of some) {
    while (at < all.length && all[at] !== one) at++;
    if (at++ >= all.length) return false;
  }
  return true;
}

function judgeSends(sends: FaultCase["expect"]["sends"], { sent, received }: Observation, add: Add): void {
  if (sends === undefined) return;
  if (sends === "are settled") {
    add(
      "hang",
      sent.some(({ end }) => end === "pending" || end === "silent"),
    );
    return;
  }
  const all = sent.map(({ message }) => message);
  add("wrong message", !isWithin(received, all));
  if (sends === "come at most once") return;
  const missing = sent.filter(({ message }) => !received.includes(message));
  // Who was told that it did not go may send it anew; who was told nothing, or that it went, has lost it.
  add(
    "lost message",
    missing.some(({ end }) => sends === "come" || end !== "refused"),
  );
}

function judgeEnd(stream: FaultCase["expect"]["stream"], seen: Observation, add: Add): void {
  switch (stream) {
    case "goes on":
      add("hang", !seen.works);
      add("given up", seen.allDials > 1);
      break;
    case "comes back":
    case "either":
      add("hang", !seen.works);
      break;
    case "gives up":
    case "closes":
      break;
  }
  add("idle connection", seen.idleLines > 0);
}

/** What was told, and the chain of its causes, as a log would show them. */
export function shownBy(report: unknown): readonly string[] {
  return causesOf(report).flatMap((one) => [
    one instanceof Error ? `${one.message}\n${one.stack}` : "",
    inspect(one, { depth: 4 }),
  ]);
}

export const hasSecret = (said: string): boolean => said.includes(secret);

// As kind as can be: a name, a code or a message anywhere in the chain that tells the kind of the fault is enough.
const tellsOf: Record<FaultKind, RegExp> = {
  timeout: /time[ds]?[ -]?out/i,
  connect: /ECONNREFUSED|ECONNRESET|socket hang up|connection-connect/i,
  tls: /CERT|ERR_TLS|ERR_SSL|SELF_SIGNED|ALTNAME|certificate|EPROTO|TLS/,
  reset: /ECONNRESET|EPIPE|socket hang up|connection-reset|close code 1006/i,
  closed: /close code \d+|connection-closed/i,
  protocol: /WS_ERR_|HPE_|invalid|parse|sec-websocket|subprotocol|extension|upgrade|connection-protocol/i,
  "too-large": /WS_ERR_UNSUPPORTED_(?:MESSAGE|DATA_PAYLOAD)_LENGTH|exceed|too.?large|max payload|WS_ERR_TOO_MANY/i,
  status: /response-status|rate-limited|server response: \d{3}/i,
  own: /a handler that|the issuer of credentials/i,
};

function isTold(told: readonly unknown[], kinds: readonly FaultKind[]): boolean {
  const said = told.flatMap(causesOf).map(sentence).join("\n");
  return kinds.some((kind) => tellsOf[kind].test(said));
}

function sentence(one: unknown): string {
  if (one instanceof Error) return nameOf(one);
  const { closeCode, message } = one as { closeCode?: unknown; message?: unknown };
  if (typeof closeCode === "number") return `close code ${closeCode}`;
  return typeof message === "string" ? message : String(one);
}
