import type { StandardSchemaV1 } from "@standard-schema/spec";
import {
  type AttemptRecord,
  type DecodeFault,
  type DecodeIssue,
  ServiceDecodeError,
  ServiceTimeoutError,
} from "../core/errors.ts";
import { isSchema, placesOf, type Validated, validate } from "../core/schema.ts";
import type { Completed } from "../resilience/pipeline.ts";
import { type Answer, type AnswerHeaders, type AnswerTimings, headerOf, requestIdOf, textOf } from "./answer.ts";
import type { Patience } from "./patience.ts";
import { schemaFor, type StatusSchemas, type SuccessOf } from "./status-schemas.ts";

/** Of the whole call, and of its last attempt. Milliseconds. */
export interface ResponseTimings extends AnswerTimings {
  readonly totalMs: number;
}

/** An answer of the service: a success, read to its end. */
export class ServiceResponse {
  readonly status: number;
  /** Names in lower case; a header that came more than once is a list. */
  readonly headers: AnswerHeaders;
  /** One record for each attempt, oldest first; the last is the one that succeeded. */
  readonly attempts: readonly AttemptRecord[];
  readonly #completed: Completed<Answer>;
  readonly #about: { readonly service: string; readonly operation: string };

  /** @internal */
  constructor(completed: Completed<Answer>, about: { readonly service: string; readonly operation: string }) {
    const { value } = completed;
    this.status = value.status;
    this.headers = value.headers;
    this.attempts = completed.attempts;
    this.#completed = completed;
    this.#about = about;
  }

  get timings(): ResponseTimings {
    const { value, elapsedMs } = this.#completed;
    return { ...value.timings, totalMs: elapsedMs };
  }

  /** The value of a header, whatever the case of the name; the first of several. */
  header(name: string): string | undefined {
    return headerOf(this.headers, name.toLowerCase());
  }

  /** The body as it came. */
  bytes(): Uint8Array {
    return this.#completed.value.body;
  }

  /** The body as UTF-8 text. */
  text(): string {
    return textOf(this.#completed.value.body);
  }

  /**
   * The body parsed as JSON: of the schema's type where one is given, else `unknown`. An empty body is `undefined`. Of
   * schemas by status, the one for this answer's status is taken; a success without one is not what was asked for.
   *
   * @throws ServiceDecodeError `decode-json | decode-schema`, with outcome `accepted`.
   */
  json(): unknown;
  json<S extends StandardSchemaV1>(schema: S): Promise<StandardSchemaV1.InferOutput<S>>;
  json<S extends StatusSchemas>(schemas: S): Promise<SuccessOf<S>>;
  json(schema: StandardSchemaV1 | StatusSchemas): Promise<unknown>;
  json(schema?: StandardSchemaV1 | StatusSchemas): unknown {
    return schema === undefined ? this.#parsed() : this.#promised(schema);
  }

  /**
   * The same within the time of the call: a schema may be asynchronous, and never end. Where it is not, the value is
   * returned, and an error thrown, at once.
   *
   * @internal
   */
  jsonWithin(schema: StandardSchemaV1 | StatusSchemas, patience: Patience): unknown {
    const tooLate = (limitMs: number): ServiceTimeoutError =>
      new ServiceTimeoutError("deadline", limitMs, this.#facts());
    return this.#validated(schema, (work) => patience.outlast(work, tooLate));
  }

  /** The body parsed as JSON and *believed* to be a `T`. Nothing checks it; prefer a schema. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  unsafeJson<T>(): T {
    return this.#parsed() as T;
  }

  #parsed(): unknown {
    if (this.#completed.value.body.byteLength === 0) return undefined;
    try {
      return JSON.parse(this.text()) as unknown;
    } catch {
      // Not as the cause: JSON.parse quotes the text, which may hold anything.
      const type = headerOf(this.headers, "content-type") ?? "none";
      throw this.#undecodable("json", `the answer is not JSON (status ${this.status}, content-type ${type})`, []);
    }
  }

  async #promised(schema: StandardSchemaV1 | StatusSchemas): Promise<unknown> {
    return await this.#validated(schema);
  }

  #validated(given: StandardSchemaV1 | StatusSchemas, outlast?: <T>(work: PromiseLike<T>) => PromiseLike<T>): unknown {
    const schema = isSchema(given) ? given : this.#schemaOf(given);
    const validated = validate(schema, this.#parsed(), outlast);
    return "then" in validated ? validated.then((verdict) => this.#valueOf(verdict)) : this.#valueOf(validated);
  }

  #valueOf(validated: Validated<unknown>): unknown {
    if (validated.isValid) return validated.value;
    const { issues } = validated;
    throw this.#undecodable("schema", `the answer does not match the schema at ${placesOf(issues)}`, issues);
  }

  #schemaOf(schemas: StatusSchemas): StandardSchemaV1 {
    const found = schemaFor(schemas, this.status);
    if (found !== undefined) return found.schema;
    throw this.#undecodable("schema", `there is no schema for an answer with status ${this.status}`, []);
  }

  #undecodable(fault: DecodeFault, detail: string, issues: readonly DecodeIssue[]): ServiceDecodeError {
    return new ServiceDecodeError(fault, { ...this.#facts(), status: this.status, detail, issues });
  }

  #facts() {
    const { attempts, elapsedMs } = this.#completed;
    return {
      ...this.#about,
      phase: "decode",
      outcome: "accepted",
      attempts,
      elapsedMs,
      requestId: requestIdOf(this.headers),
    } as const;
  }
}
