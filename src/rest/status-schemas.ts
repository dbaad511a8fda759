import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ServiceRateLimitError, ServiceResponseError } from "../core/errors.ts";
import { isServiceRateLimitError, isServiceResponseError } from "../core/errors.ts";
import { isSchema, validate } from "../core/schema.ts";
import type { Patience } from "./patience.ts";
import type { MatchedFailure } from "./service-call.ts";

/** What an answer is by its status: a status alone, or all of a class that have no schema of their own. */
export type StatusKey = number | "2xx" | "4xx" | "5xx";

/** A schema for each status: `{ 200: Payment, 404: NotFound, "5xx": Trouble }`. */
export type StatusSchemas = { readonly [Key in StatusKey]?: StandardSchemaV1 };

/** What the schemas of success make of an answer. */
export type SuccessOf<S extends StatusSchemas> = {
  [Key in keyof S]: `${Key & StatusKey}` extends `2${string}` ? OutputOf<S[Key]> : never;
}[keyof S];

/** What the other schemas make of an error. */
export type FailuresOf<S extends StatusSchemas> = {
  [Key in keyof S]: `${Key & StatusKey}` extends `2${string}`
    ? never
    : MatchedFailure<Key & StatusKey, OutputOf<S[Key]>>;
}[keyof S];

/** What a schema makes of a value. */
export type OutputOf<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : never;

/** An error whose body was found to fit a schema. */
export type ErrorWithBody<Body> = (ServiceResponseError | ServiceRateLimitError) & { readonly body: Body };

interface Match {
  readonly matched: StatusKey;
  readonly schema: StandardSchemaV1;
  readonly body: unknown;
}

const matches = new WeakMap<object, Match>();

/** Why these are no schemas by status, or undefined where they are. */
export function statusSchemasProblem(schemas: unknown): string | undefined {
  const expected = "schema must be a Standard Schema (zod, valibot, …), or one for each status: { 200: Payment }";
  if (typeof schemas !== "object" || schemas === null) return expected;
  const entries = Object.entries(schemas).filter(([, schema]) => schema !== undefined);
  if (entries.length === 0) return expected;
  for (const [key, schema] of entries) {
    if (!/^(?:[245]xx|[2345]\d\d)$/.test(key)) return `schema.${key} is not a status, 2xx, 4xx or 5xx`;
    if (!isSchema(schema)) return `schema.${key} must be a Standard Schema (zod, valibot, …)`;
  }
  return undefined;
}

/** The schema for a status: its own, else that of its class. */
export function schemaFor(
  schemas: StatusSchemas,
  status: number,
): { readonly key: StatusKey; readonly schema: StandardSchemaV1 } | undefined {
  const ofClass = `${Math.floor(status / 100)}xx` as "2xx";
  for (const key of [status, ofClass]) {
    const schema = schemas[key];
    if (schema !== undefined) return { key, schema };
  }
  return undefined;
}

/**
 * Validates the body of an error by the schema for its status. Where it fits, the error's `body` becomes what the
 * schema made of it; where it does not, the error stays as it is: its status says more than a body that is not as
 * expected. So it does where the schema does not end in the time of the call.
 */
export async function matchError(error: unknown, schemas: StatusSchemas, patience: Patience): Promise<void> {
  if (!isServiceResponseError(error) && !isServiceRateLimitError(error)) return;
  // Without a status it was a limit of ours, and there is no answer.
  const found = error.status === undefined ? undefined : schemaFor(schemas, error.status);
  if (found === undefined) return;
  const validated = await validate(found.schema, error.body, (work) => patience.outlast(work, () => error));
  if (!validated.isValid) return;
  matches.set(error, { matched: found.key, schema: found.schema, body: validated.value });
  // As it was: not enumerable, so that neither inspect nor JSON shows it.
  Object.defineProperty(error, "body", { value: validated.value });
}

/** How an error was matched, if it was. */
export function matchOf(error: object): { readonly matched: StatusKey; readonly body: unknown } | undefined {
  const match = matches.get(error);
  return match === undefined ? undefined : { matched: match.matched, body: match.body };
}

/**
 * Whether this is the error of a call whose `schema` had this very schema for the status, and whose body fits it. Its
 * `body` then has the schema's type, without a cast:
 *
 * ```ts
 * if (hasErrorBody(error, NotFound)) console.log(error.body.title);
 * ```
 */
export function hasErrorBody<S extends StandardSchemaV1>(
  error: unknown,
  schema: S,
): error is ErrorWithBody<StandardSchemaV1.InferOutput<S>> {
  return typeof error === "object" && error !== null && matches.get(error)?.schema === schema;
}
