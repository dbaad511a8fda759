import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ServiceConfigurationError } from "../core/errors.ts";
import { headerProblem } from "../core/headers.ts";
import { OptionReader } from "../core/options.ts";
import { isSchema, placesOf, validateNow } from "../core/schema.ts";
import { schemaFor, type StatusSchemas, statusSchemasProblem } from "../rest/status-schemas.ts";
import { type AnswerBody, answerBodyOf } from "./answer-body.ts";
import { type MockFault, mockFaults } from "./faults.ts";
import type { MockCall } from "./mock-call.ts";
import { hasNoBody, type MockHeaders } from "./raw-answer.ts";

/** What an answer is made of, beside its status and body. */
export interface ReplyOptions {
  /** They win over those that come of the body: `content-type`, `content-length`. A wrong length is sent as it is. */
  readonly headers?: MockHeaders | undefined;
  /** What the body must fit, as the client sees it; at definition where it is known then. */
  readonly schema?: StandardSchemaV1 | undefined;
  /** How long the answer is waited for, in milliseconds on the clock of the mock. @defaultValue 0 */
  readonly delayMs?: number | undefined;
  /** Breaks the connection after so many bytes of the body; 0 is after the head. */
  readonly cutAfterBytes?: number | undefined;
  /** How it breaks. @defaultValue "reset" */
  readonly cutBy?: "reset" | "close" | undefined;
}

/** An answer as one value: a step of a `sequence`, or what a function makes of a call. */
export interface MockAnswer<Status extends number = number, Body = unknown> extends ReplyOptions {
  readonly status: Status;
  readonly body?: Body;
}

/** A fault as one value: a step of a `sequence`. */
export interface MockFailure {
  readonly fail: MockFault;
  readonly delayMs?: number | undefined;
}

/** What an expectation does with a call. */
export type Step =
  | { readonly kind: "fault"; readonly fault: MockFault; readonly delayMs: number }
  | {
      readonly kind: "answer";
      readonly delayMs: number;
      make(call: MockCall): PreparedAnswer | Promise<PreparedAnswer>;
    };

/** An answer, checked. */
export interface PreparedAnswer {
  readonly status: number;
  readonly headers: MockHeaders;
  readonly body: AnswerBody;
  readonly cutAfterBytes: number | undefined;
  readonly cutBy: "reset" | "close";
}

/** The schema of an expectation: of every 2xx, or one for each status. */
export type MockSchema = StandardSchemaV1 | StatusSchemas;

/** Why this is no schema, or undefined where it is one. */
export function mockSchemaProblem(schema: unknown): string | undefined {
  return schema === undefined || isSchema(schema) ? undefined : statusSchemasProblem(schema);
}

/** The step of `reply(status, body, options)`. @throws ServiceConfigurationError with every problem at once. */
export function answerStep(where: string, given: unknown, contract: MockSchema | undefined): Step {
  const reader = new OptionReader(where, given);
  const body = reader.any("body");
  const delayMs = reader.number("delayMs", 0, { min: 0 });
  if (typeof body === "function") {
    const { body: _body, delayMs: _delayMs, ...others } = given as MockAnswer;
    // Everything but the body is known, and wrong now if it ever is.
    prepareAnswer(reader, undefined, undefined);
    reader.finish();
    const make = async (call: MockCall): Promise<PreparedAnswer> => {
      const made: unknown = await (body as (call: MockCall) => unknown)(call);
      return checkedAnswer(where, { ...others, body: made }, contract);
    };
    return { kind: "answer", delayMs, make };
  }
  const prepared = prepareAnswer(reader, body, contract);
  reader.finish();
  return { kind: "answer", delayMs, make: () => prepared };
}

/** The step of a function that makes the whole answer. */
export function functionStep(
  where: string,
  answer: (call: MockCall) => unknown,
  contract: MockSchema | undefined,
): Step {
  return { kind: "answer", delayMs: 0, make: async (call) => checkedAnswer(where, await answer(call), contract) };
}

/** The step of `fail(fault)`. @throws ServiceConfigurationError */
export function faultStep(where: string, given: unknown): Step {
  const reader = new OptionReader(where, given);
  if (reader.any("fail") === undefined) reader.problem(`fail must be one of ${mockFaults.join(" | ")}`);
  const fault = reader.oneOf("fail", mockFaults, "reset");
  const delayMs = reader.number("delayMs", 0, { min: 0 });
  reader.finish();
  return { kind: "fault", fault, delayMs };
}

function checkedAnswer(where: string, given: unknown, contract: MockSchema | undefined): PreparedAnswer {
  const reader = new OptionReader(where, given);
  const body = reader.any("body");
  // Whoever made it has waited as long as they liked.
  reader.number("delayMs", 0, { min: 0, max: 0 });
  if (typeof body === "function") reader.problem("body must be a value here, not another function");
  const prepared = prepareAnswer(reader, body, contract);
  reader.finish();
  return prepared;
}

function prepareAnswer(reader: OptionReader, value: unknown, contract: MockSchema | undefined): PreparedAnswer {
  const status = reader.number("status", 0, { min: 200, max: 599, whole: true });
  if (!reader.isGiven("status")) reader.problem("status is required, a whole number from 200 to 599");
  const headers = readHeaders(reader);
  const own = reader.any("schema");
  if (own !== undefined && !isSchema(own)) reader.problem("schema must be a Standard Schema (zod, valibot, …)");
  const cutAfterBytes = reader.number("cutAfterBytes", undefined, { min: 0, whole: true });
  const cutBy = reader.oneOf("cutBy", ["reset", "close"], "reset");
  if (reader.isGiven("cutBy") && cutAfterBytes === undefined) reader.problem("cutBy needs cutAfterBytes");
  const found = answerBodyOf(typeof value === "function" ? undefined : value);
  const body: AnswerBody = "problem" in found ? { kind: "none" } : found;
  if ("problem" in found) reader.problem(found.problem);
  if (body.kind === "bytes" && cutAfterBytes !== undefined && cutAfterBytes >= body.bytes.byteLength) {
    reader.problem(`cutAfterBytes must be less than the ${body.bytes.byteLength} bytes of the body`);
  }
  if (hasNoBody(status) && body.kind !== "none") reader.problem(`an answer with status ${status} has no body`);
  if (isSchema(own)) check(reader, own, body);
  const ofContract = contract === undefined || isSchema(own) ? undefined : schemaOf(contract, status);
  if (ofContract !== undefined) check(reader, ofContract, body);
  return { status, headers, body, cutAfterBytes, cutBy };
}

function schemaOf(contract: MockSchema, status: number): StandardSchemaV1 | undefined {
  if (!isSchema(contract)) return schemaFor(contract, status)?.schema;
  return status < 300 ? contract : undefined;
}

function check(reader: OptionReader, schema: StandardSchemaV1, body: AnswerBody): void {
  // Of a stream nobody knows yet what it will be.
  if (body.kind !== "bytes" && body.kind !== "none") return;
  const validated = validateNow(schema, body.kind === "bytes" ? body.value : undefined);
  if (validated === undefined) reader.problem("schema must answer at once: an asynchronous one cannot be checked here");
  else if (!validated.isValid) {
    const first = validated.issues[0]?.message ?? "";
    reader.problem(`body does not fit the schema at ${placesOf(validated.issues)}: ${first}`);
  }
}

function readHeaders(reader: OptionReader): MockHeaders {
  const given = reader.any("headers");
  if (given === undefined) return {};
  if (typeof given !== "object" || given === null || Symbol.iterator in given) {
    reader.problem("headers must be an object of names and values");
    return {};
  }
  for (const [name, value] of Object.entries(given)) {
    for (const one of Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value]) {
      const problem = headerProblem(name, one);
      if (problem !== undefined) reader.problem(problem);
    }
  }
  return given as MockHeaders;
}

/** Reads one step of a sequence. @throws ServiceConfigurationError */
export function sequenceStep(where: string, given: unknown, contract: MockSchema | undefined): Step {
  if (typeof given === "function") return functionStep(where, given as (call: MockCall) => unknown, contract);
  if (typeof given === "object" && given !== null && "fail" in given) return faultStep(where, given);
  if (typeof given === "object" && given !== null) return answerStep(where, given, contract);
  throw new ServiceConfigurationError(where, [
    "a step is { status, body }, { fail } or a function that makes an answer",
  ]);
}
