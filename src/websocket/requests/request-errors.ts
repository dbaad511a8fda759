import {
  type DecodeIssue,
  type Outcome,
  ServiceConnectionError,
  ServiceDecodeError,
  ServiceRpcError,
  ServiceTimeoutError,
} from "../../core/errors.ts";
import { placesOf } from "../../core/schema.ts";
import type { JsonRpcAnswer } from "./json-rpc.ts";
import type { StreamName } from "../dial/socket-errors.ts";

/** Nothing came that was waited for. */
export function answerTimeout(
  about: StreamName,
  {
    limit,
    limitMs,
    outcome,
  }: { readonly limit: "answer" | "deadline"; readonly limitMs: number; readonly outcome: Outcome },
  awaited: string,
): ServiceTimeoutError {
  const limitShownMs = Math.max(0, limitMs);
  return new ServiceTimeoutError(limit, limitShownMs, {
    ...about,
    phase: outcome === "not-sent" ? "queue" : "receive",
    outcome,
    retryable: outcome === "not-sent",
    detail: `the ${limit} limit of ${Math.round(limitShownMs)} ms passed while waiting for ${awaited}`,
  });
}

/** The connection that a request went out on is gone, and with it the answer. */
export function answerLost(about: StreamName, cause: unknown): ServiceConnectionError {
  return new ServiceConnectionError("reset", {
    ...about,
    phase: "receive",
    outcome: "unknown",
    detail: "the connection broke before the answer came",
    cause,
  });
}

/** The answer is not what the schema says. */
export function answerMismatch(about: StreamName, issues: readonly DecodeIssue[]): ServiceDecodeError {
  return new ServiceDecodeError("schema", {
    ...about,
    phase: "decode",
    outcome: "accepted",
    detail: `the answer does not match the schema at ${placesOf(issues)}`,
    issues,
  });
}

/** What came of a request. */
export type Settlement = { readonly value: unknown } | { readonly error: unknown };

/** What came of a JSON-RPC call, given its answer. */
export function callSettlement(about: StreamName, answer: JsonRpcAnswer): Settlement {
  if (answer.kind === "result") return { value: answer.result };
  if (answer.kind === "error") {
    const { code: rpcCode, message: rpcMessage, data } = answer;
    return { error: new ServiceRpcError({ ...about, rpcCode, rpcMessage, data }) };
  }
  return {
    error: new ServiceDecodeError("json", {
      ...about,
      phase: "decode",
      outcome: "unknown",
      detail: `the answer is no JSON-RPC response: ${answer.detail}`,
    }),
  };
}
