import { type AttemptRecord, isExternalServiceError, type Phase } from "../core/errors.ts";
import type { ServiceEvents } from "../core/events.ts";
import type { AttemptEnd } from "./outcome.ts";

/** How a call ended, as its last event says it. */
export type Result = Pick<ServiceEvents["hawser:call:end"], "result" | "status" | "code" | "outcome">;

/** How a call, or what remained of it, ended. */
export interface HowEnded {
  readonly kind: AttemptEnd<unknown>["kind"];
  readonly status?: number | undefined;
}

/** @param thrown - an error of ours, or the caller's own abort reason, which may be anything. */
export function resultOf({ kind, status }: HowEnded, thrown: unknown): Result {
  const of = { ...answered({ status }), result: kind };
  if (kind !== "failure" || !isExternalServiceError(thrown)) return of;
  return { ...of, code: thrown.code, outcome: thrown.outcome };
}

/** What the record of an attempt says whatever its end. */
export interface AttemptFacts {
  readonly number: number;
  readonly reason: AttemptRecord["reason"] | undefined;
  readonly startedAfterMs: number;
  readonly durationMs: number;
  readonly phase: Phase;
}

/** The record of an attempt. Nearly all are of a first one that succeeded: those are made in one go. */
export function recordOf(end: AttemptEnd<unknown>, facts: AttemptFacts): AttemptRecord {
  const { number, reason, startedAfterMs, durationMs, phase } = facts;
  if (end.kind === "success" && end.status !== undefined && reason === undefined) {
    return { number, startedAfterMs, durationMs, phase, outcome: "accepted", status: end.status };
  }
  const at = { number, ...(reason === undefined ? {} : { reason }), startedAfterMs, durationMs, phase };
  switch (end.kind) {
    case "success":
      return { ...at, outcome: "accepted", ...answered(end) };
    case "aborted":
      return { ...at, outcome: end.outcome };
    case "failure": {
      const { outcome, code } = end.failure;
      return { ...at, outcome, code, ...answered(end.failure) };
    }
  }
}

const answered = ({ status }: { readonly status?: number | undefined }): { readonly status?: number } =>
  status === undefined ? {} : { status };
