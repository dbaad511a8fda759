import { type AttemptRecord, isExternalServiceError } from "../core/errors.ts";
import type { ServiceEvents } from "../core/events.ts";
import type { AttemptEnd } from "./outcome.ts";

/** How a call ended, as its last event says it. */
export type Result = Pick<ServiceEvents["hawser:call:end"], "result" | "status" | "code" | "outcome">;

export function statusOf({ status }: { readonly status?: number }): { readonly status?: number } {
  return status === undefined ? {} : { status };
}

/** @param thrown - an error of ours, or the caller's own abort reason, which may be anything. */
export function resultOf(kind: "failure" | "aborted", thrown: unknown): Result {
  if (kind === "aborted" || !isExternalServiceError(thrown)) return { result: kind };
  return { result: kind, code: thrown.code, outcome: thrown.outcome };
}

/** How an attempt ended, as its record says it. */
export function recordOf(end: AttemptEnd<unknown>): Pick<AttemptRecord, "outcome" | "status" | "code"> {
  switch (end.kind) {
    case "success":
      return { outcome: "accepted", ...(end.status === undefined ? {} : { status: end.status }) };
    case "aborted":
      return { outcome: end.outcome };
    case "failure": {
      const { outcome, code, status } = end.failure;
      return { outcome, code, ...(status === undefined ? {} : { status }) };
    }
  }
}
