import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { DecodeIssue } from "./errors.ts";
import type { OptionReader } from "./options.ts";

/** What a schema makes of a value: the value it is, or why it is not. */
export type Validated<T> =
  | { readonly isValid: true; readonly value: T }
  | { readonly isValid: false; readonly issues: readonly DecodeIssue[] };

/**
 * Validates with any Standard Schema (zod, valibot, arktype and others): at once, unless the schema is asynchronous.
 *
 * @param outlast - waits for such a schema, and no longer than there is time.
 */
export function validate<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
  outlast: <T>(work: PromiseLike<T>) => PromiseLike<T> = (work) => work,
): Verdict<S> | PromiseLike<Verdict<S>> {
  const begun = schema["~standard"].validate(value);
  return "then" in begun ? outlast(begun).then(verdictOf) : verdictOf(begun);
}

type Verdict<S extends StandardSchemaV1> = Validated<StandardSchemaV1.InferOutput<S>>;

/** Validates where nothing can wait; undefined where the schema is asynchronous. */
export function validateNow<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
): Validated<StandardSchemaV1.InferOutput<S>> | undefined {
  const result = schema["~standard"].validate(value);
  if (!("then" in result)) return verdictOf(result);
  // Nobody waits for it, so that it may reject is nobody's error.
  result.then(undefined, () => undefined);
  return undefined;
}

function verdictOf<T>(result: StandardSchemaV1.Result<T>): Validated<T> {
  if (result.issues === undefined) return { isValid: true, value: result.value };
  return {
    isValid: false,
    issues: result.issues.map(({ message, path = [] }) =>
      // The message may quote the value (valibot's do), so inspect, JSON and logs are not shown it.
      Object.defineProperty(
        { message, path: path.map((step) => String(typeof step === "object" ? step.key : step)).join(".") },
        "message",
        { enumerable: false },
      ),
    ),
  };
}

/** Where a value does not match, in words: three places, and how many more there are. */
export function placesOf(issues: readonly DecodeIssue[]): string {
  const shown = issues.slice(0, 3).map(({ path }) => path || "(the value itself)");
  return shown.join(", ") + (issues.length > shown.length ? ` and ${issues.length - shown.length} more` : "");
}

/** Whether this is a Standard Schema at all. */
export function isSchema(value: unknown): value is StandardSchemaV1 {
  // A schema may be a function, as arktype's are.
  return (typeof value === "object" || typeof value === "function") && value !== null && "~standard" in value;
}

/** Reads `schema`, where one may be given. */
export function readSchema(reader: OptionReader): StandardSchemaV1 | undefined {
  const given = reader.any("schema");
  if (given === undefined || isSchema(given)) return given;
  reader.problem("schema must be a Standard Schema (zod, valibot, …)");
  return undefined;
}
