import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ExternalServiceError } from "../core/errors.ts";
import type { JsonType } from "./openapi-operation.ts";
import type { ServiceCall } from "./service-call.ts";
import type { ErrorWithBody, FailuresOf, StatusSchemas, SuccessOf } from "./status-schemas.ts";

/**
 * What the answers of success hold as JSON, by the document: those of 2xx together, or `default` where there is none;
 * undefined for an answer without content, unknown for one that is not JSON.
 */
export type JsonOf<Operation> = Operation extends { readonly responses: infer Answers }
  ? [SuccessKeyOf<Answers>] extends [never]
    ? JsonIn<Answers["default" & keyof Answers]>
    : JsonIn<Answers[SuccessKeyOf<Answers>]>
  : unknown;

/** What a call's answer is: what its schema makes of it, or else what the document says. */
export type AnswerBy<Operation, Schema> = Schema extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<Schema>
  : Schema extends StatusSchemas
    ? SuccessOf<Schema>
    : JsonOf<Operation>;

/** The call of an operation, with its failures by the schemas where these are by status, or else by the document. */
export type OperationCall<Operation, Value, Schema = undefined> = Schema extends StandardSchemaV1 | undefined
  ? ServiceCall<Value, DocumentedFailure<Operation>, UndocumentedFailure<Operation>>
  : Schema extends StatusSchemas
    ? ServiceCall<Value, FailuresOf<Schema>>
    : ServiceCall<Value>;

/**
 * A call that failed with a status of which the document says what its body is. It is believed, as the rest of the
 * document is: nothing has looked at the body, and a proxy may have put in one of its own.
 */
export interface StatusFailure<Status extends number, Body> {
  readonly ok: false;
  readonly error: ErrorWithBody<Body> & { readonly status: Status };
  readonly status: Status;
  readonly matched?: undefined;
  readonly body?: undefined;
}

/** A call that failed in any other way: with a status that is not in the document, or with none. */
export interface OtherFailure<Status extends number> {
  readonly ok: false;
  readonly error: ExternalServiceError;
  readonly status?: Status | undefined;
  readonly matched?: undefined;
  readonly body?: undefined;
}

/** What the document says of the failures of an operation. */
export type DocumentedFailure<Operation> = Operation extends { readonly responses: infer Answers }
  ? {
      [Key in FailureKeyOf<Answers>]: StatusFailure<StatusesOf<Key, Answers>, BodyIn<Answers[Key]>>;
    }[FailureKeyOf<Answers>]
  : never;

/** What it does not say. */
export type UndocumentedFailure<Operation> = Operation extends { readonly responses: infer Answers }
  ? OtherFailure<Exclude<FailureStatus, CoveredBy<Answers>>>
  : OtherFailure<FailureStatus>;

/** The keys of the answers that are a success. */
export type SuccessKeyOf<Answers> = {
  [Key in keyof Answers]: `${Key & (string | number)}` extends `2${string}` ? Key : never;
}[keyof Answers];

/** The keys of all others. 304 is a success: of a call with a condition. */
export type FailureKeyOf<Answers> = Exclude<keyof Answers, SuccessKeyOf<Answers> | 304>;

/** The statuses that an answer is for: its own, those of its class that have none, or, of `default`, all others. */
export type StatusesOf<Key, Answers> = Key extends number
  ? Key
  : Key extends keyof StatusClasses
    ? Exclude<StatusClasses[Key], keyof Answers>
    : Exclude<FailureStatus, CoveredBy<Omit<Answers, "default">>>;

/** The statuses that a document has an answer for. */
export type CoveredBy<Answers> =
  | Extract<keyof Answers, number>
  | ("default" extends keyof Answers ? FailureStatus : never)
  | StatusClasses[Extract<keyof Answers, keyof StatusClasses>];

/** The statuses of each class. */
export interface StatusClasses {
  readonly "3XX": RedirectStatus;
  readonly "4XX": ClientErrorStatus;
  readonly "5XX": ServerErrorStatus;
}

// Numbers cannot be narrowed by exclusion, so the statuses are listed: those that are registered, and some that are
// met all the same.

/** Statuses of 3xx. */
export type RedirectStatus = 300 | 301 | 302 | 303 | 305 | 306 | 307 | 308;
/** Statuses of 4xx. */
// biome-ignore format: a list
export type ClientErrorStatus =
  | 400 | 401 | 402 | 403 | 404 | 405 | 406 | 407 | 408 | 409 | 410 | 411 | 412 | 413 | 414 | 415 | 416 | 417 | 418
  | 419 | 420 | 421 | 422 | 423 | 424 | 425 | 426 | 428 | 429 | 431 | 440 | 444 | 449 | 451 | 495 | 496 | 497 | 498
  | 499;
/** Statuses of 5xx. */
// biome-ignore format: a list
export type ServerErrorStatus =
  | 500 | 501 | 502 | 503 | 504 | 505 | 506 | 507 | 508 | 509 | 510 | 511 | 520 | 521 | 522 | 523 | 524 | 525 | 526
  | 527 | 529 | 530 | 598 | 599;
/** All statuses that a failure can have. */
export type FailureStatus = RedirectStatus | ClientErrorStatus | ServerErrorStatus;

/** The JSON of an answer of success. */
export type JsonIn<Answer> = Answer extends { readonly content: infer Content } ? JsonOfContent<Content> : undefined;

/** The JSON of an error. What one holds that has no content in the document, nobody knows. */
export type BodyIn<Answer> = Answer extends { readonly content: infer Content } ? JsonOfContent<Content> : unknown;

/** The JSON among the media types of an answer. */
export type JsonOfContent<Content> = [Extract<keyof Content, JsonType>] extends [never]
  ? unknown
  : Content[Extract<keyof Content, JsonType>];
