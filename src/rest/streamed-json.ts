import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type DecodeFault, type DecodeIssue, ServiceDecodeError, ServiceTimeoutError } from "../core/errors.ts";
import { placesOf, validate } from "../core/schema.ts";
import { requestIdOf } from "./answer.ts";
import { TooLongError } from "./line-splitter.ts";
import type { Patience } from "./patience.ts";
import type { StreamedResponse } from "./streamed-response.ts";

/** What came in a stream and is not what was asked for, told as the error of its call. */
export class StreamedJson {
  readonly #service: string;
  readonly #operation: string;
  readonly #response: StreamedResponse;
  readonly #patience: Patience;

  constructor(service: string, operation: string, response: StreamedResponse, patience: Patience) {
    this.#service = service;
    this.#operation = operation;
    this.#response = response;
    this.#patience = patience;
  }

  /**
   * @param what - how the text is called in errors, with its place: `event 3`, `line 7`.
   * @throws ServiceDecodeError `decode-json | decode-schema`; ServiceTimeoutError `timeout-deadline` where the schema
   * is asynchronous and takes too long
   */
  async parse(text: string, schema: StandardSchemaV1 | undefined, what: string): Promise<unknown> {
    let value: unknown;
    try {
      value = JSON.parse(text) as unknown;
    } catch {
      // Not as the cause: JSON.parse quotes the text, which may hold anything.
      throw this.error("json", `${what} is not JSON`);
    }
    if (schema === undefined) return value;
    const tooLate = (limitMs: number): ServiceTimeoutError =>
      new ServiceTimeoutError("deadline", limitMs, this.#facts());
    const validated = await validate(schema, value, (work) => this.#patience.outlast(work, tooLate));
    if (validated.isValid) return validated.value;
    const { issues } = validated;
    throw this.error("schema", `${what} does not match the schema at ${placesOf(issues)}`, issues);
  }

  /** Runs a parser that gives up on what is too long. @throws ServiceDecodeError `decode-too-large` */
  within<T>(parse: () => T, what: string): T {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof TooLongError)) throw error;
      throw this.error("too-large", `${what} is longer than ${error.limit} characters, and would fill the memory`);
    }
  }

  error(fault: DecodeFault, detail: string, issues: readonly DecodeIssue[] = []): ServiceDecodeError {
    return new ServiceDecodeError(fault, { ...this.#facts(), status: this.#response.status, detail, issues });
  }

  #facts() {
    const { headers, attempts, timings } = this.#response;
    return {
      service: this.#service,
      operation: this.#operation,
      phase: "decode",
      outcome: "accepted",
      attempts,
      elapsedMs: timings.totalMs,
      requestId: requestIdOf(headers),
    } as const;
  }
}
