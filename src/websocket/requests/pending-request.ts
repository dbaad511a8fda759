import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { DeadlineEntry } from "../../core/deadline-list.ts";
import type { Outcome, ServiceTimeoutError } from "../../core/errors.ts";
import { answerTimeout } from "./request-errors.ts";

/** What one request, or one wait for a message, may take. */
export interface RequestTerms {
  /** Milliseconds from now; Infinity for no limit. */
  readonly limitMs: number;
  readonly limit: "answer" | "deadline";
  readonly signals: readonly AbortSignal[];
  /** For errors: `request /stream`. */
  readonly operation: string;
  /** What the answer (of a JSON-RPC call: its result) must match. */
  readonly schema?: StandardSchemaV1 | undefined;
}

/** A request that is registered, whether or not its message is under way. */
export interface PendingRequest<Answer> {
  /** Settles with the answer, or with why there is none. */
  readonly promise: Promise<Answer>;
  /** Aborts when the request ends before its message was handed over: the message must not go out any more. */
  readonly withdrawn: AbortSignal;
  /** The bytes of its message were handed to the socket of this connection. */
  handed(generation: number): void;
  /** Its message could not be sent. */
  fail(error: unknown): void;
}

/** Whether a message is what is waited for. */
export type Filter<Message> = (message: Message) => boolean;

/** One that waits, as {@link Requests} keeps it. */
export interface Waiting<Message> extends DeadlineEntry {
  readonly terms: RequestTerms;
  /** `call` has an id by which its answer is found, the others a filter. */
  readonly kind: "request" | "call" | "once";
  readonly id: number | undefined;
  readonly match: Filter<Message> | undefined;
  /** `checking`: the answer is there, and its schema is asynchronous. */
  place: "waiting" | "handed" | "checking" | "settled";
  /** The connection that its message was handed to. */
  generation: number | undefined;
  readonly withdrawal: AbortController;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (reason: unknown) => void;
  onAbort: (() => void) | undefined;
}

const outcomeAt: Readonly<Record<Waiting<unknown>["place"], Outcome>> = {
  waiting: "not-sent",
  handed: "unknown",
  checking: "accepted",
  settled: "unknown",
};

const awaitedAt: Readonly<Record<Waiting<unknown>["place"], string>> = {
  waiting: "the request to be sent",
  handed: "the answer",
  checking: "the schema of the answer",
  settled: "the answer",
};

const whilePaused =
  "; reading is paused, since a consumer is slow or onConnect has not returned, and the inbox is full";

/** What one whose message has not gone out waits for, after "before". */
export const awaitedBy = ({ kind }: Pick<Waiting<never>, "kind">): string =>
  kind === "once" ? "a message came that passes the filter" : "the request could be sent";

/** The error for a wait whose limit passed, given how far it had come. */
export function waitedInVain(
  service: string,
  { terms, kind, place }: Waiting<never>,
  isReadingPaused: boolean,
): ServiceTimeoutError {
  const outcome = outcomeAt[place];
  const awaited = kind === "once" ? "a message that passes the filter" : awaitedAt[place];
  const obstacle = isReadingPaused && (place === "handed" || kind === "once") ? whilePaused : "";
  return answerTimeout({ service, operation: terms.operation }, { ...terms, outcome }, awaited + obstacle);
}
