import { ServiceConfigurationError } from "../../core/errors.ts";

/** A call that {@link https://www.jsonrpc.org/specification JSON-RPC 2.0} gives its form and its id. */
export interface JsonRpcCall {
  /** Not empty. */
  readonly method: string;
  /** By position or by name. @defaultValue none */
  readonly params?: readonly unknown[] | Readonly<Record<string, unknown>> | undefined;
}

/** The call as it goes out: what was given, with the version and an id of ours. */
export interface JsonRpcRequest extends JsonRpcCall {
  readonly jsonrpc: "2.0";
  readonly id: number;
}

/** What the service answered to a call of ours. */
export type JsonRpcAnswer =
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "error"; readonly code: number; readonly message: string | undefined; readonly data: unknown }
  | { readonly kind: "malformed"; readonly detail: string };

type Fields = Readonly<Record<string, unknown>>;

/**
 * Makes the message for a call (section 4 of the specification).
 *
 * @throws ServiceConfigurationError where the message is no call, or brings an id of its own.
 */
export function jsonRpcRequest(service: string, message: unknown, id: number): JsonRpcRequest {
  const problems = problemsOf(message);
  if (problems.length > 0) throw new ServiceConfigurationError(service, problems);
  return { ...(message as JsonRpcCall), jsonrpc: "2.0", id };
}

const remedy = "or give match, which says of a message whether it is the answer";

function problemsOf(message: unknown): string[] {
  if (!isFields(message))
    return [`request: without match the message must be { method, params }: give that, ${remedy}`];
  const { method, params, jsonrpc } = message;
  const problems: string[] = [];
  if (typeof method !== "string" || method === "") {
    problems.push(`request: method must be a string that is not empty: give one, ${remedy}`);
  }
  if (message["id"] !== undefined) problems.push(`request: id is given by the stream: leave it out, ${remedy}`);
  if (params !== undefined && (typeof params !== "object" || params === null)) {
    problems.push("request: params must be an array or an object (JSON-RPC 2.0, section 4.2), or be left out");
  }
  if (jsonrpc !== undefined && jsonrpc !== "2.0") {
    problems.push(`request: jsonrpc must be "2.0": leave it out, ${remedy}`);
  }
  return problems;
}

/**
 * The id that a message answers, where it may be one of ours: a whole number, or its digits as a string. Our own ids
 * are all numbers, so the two cannot be confused; servers that keep ids as strings exist (the Python SDK of MCP and
 * others met them), and against one of those a strict client waits in vain.
 */
export function answeredId(message: Fields): number | undefined {
  const { id } = message;
  if (typeof id === "number") return id;
  return typeof id === "string" && /^[1-9]\d{0,15}$/.test(id) ? Number(id) : undefined;
}

/**
 * Reads a message with an id of ours. Undefined where it is no answer at all: the service may count its own calls
 * and events from 1 as well, in the same direction.
 *
 * A member that is null counts as absent while the other one is there: JSON-RPC 1.0 sends both, and so do many
 * servers that say "2.0".
 */
export function readJsonRpcAnswer(message: Fields): JsonRpcAnswer | undefined {
  if (message["method"] !== undefined) return undefined;
  const { result, error } = message;
  const hasError = error !== undefined && error !== null;
  if (hasError && result !== undefined && result !== null) return malformed("it has a result and an error");
  if (hasError) return readError(error);
  if ("result" in message) return { kind: "result", result };
  return message["jsonrpc"] === "2.0" || "error" in message ? malformed("it has no result and no error") : undefined;
}

function readError(error: unknown): JsonRpcAnswer {
  if (!isFields(error) || typeof error["code"] !== "number") return malformed("its error has no code");
  const { code, message, data } = error;
  return { kind: "error", code, message: typeof message === "string" ? message : undefined, data };
}

const malformed = (detail: string): JsonRpcAnswer => ({ kind: "malformed", detail });

/**
 * The object that a message is or, where no codec has looked at it, holds as JSON text. To be asked only while a call
 * is pending: parsing costs.
 */
export function fieldsOf(message: unknown): Fields | undefined {
  if (isFields(message)) return message;
  const text = textOf(message);
  if (text === undefined || !/^\s*\{/.test(text)) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return isFields(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function textOf(message: unknown): string | undefined {
  if (typeof message === "string") return message;
  // Some services send their JSON in binary frames.
  return message instanceof Uint8Array && message[0] === 0x7b ? new TextDecoder().decode(message) : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
