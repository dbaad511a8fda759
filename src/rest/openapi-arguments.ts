import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { BodyOptions } from "./body.ts";
import type { LinesOptions } from "./lines.ts";
import type { AnswerBy, OperationCall } from "./openapi-answer.ts";
import type {
  IsUnion,
  OperationOf,
  OperationOptions,
  OperationParameters,
  OptionsArgument,
} from "./openapi-operation.ts";
import type { ServiceResponse } from "./response.ts";
import type { StatusSchemas } from "./status-schemas.ts";

/** What checks an answer, or nothing. */
export type AnySchema = StandardSchemaV1 | StatusSchemas | undefined;

/** A call whose answer may be checked. */
export interface WithOwnSchema<Schema> {
  readonly schema?: Schema;
}

/** What a method for one operation takes: its options, which can be left out where the document demands none. */
export type OperationArguments<Paths, Path extends keyof Paths, Method extends string> = OptionsArgument<
  OperationOptions<OperationOf<Paths, Path, Method>>
>;

/** What a method for one operation returns that hands out its answer's JSON. */
export type OperationAnswer<Paths, Path extends keyof Paths, Method extends string> = JsonCall<
  OperationOf<Paths, Path, Method>,
  undefined
>;

/** The same of one that hands out the response as it is. */
export type OperationResponse<Paths, Path extends keyof Paths, Method extends string> = OperationCall<
  OperationOf<Paths, Path, Method>,
  ServiceResponse
>;

/** What a call takes behind its endpoint. */
export type CallArgument<Paths, Path extends keyof Paths, Method extends string, More = unknown> = ArgumentFor<
  Path,
  OperationOptions<OperationOf<Paths, Path, Method>> & More
>;

/**
 * The options as an argument. Where no path fits what was given, the compiler goes on with all of them: it is to
 * complain of the path then, and not of options that one of the others would need.
 */
export type ArgumentFor<Path, Options> = IsUnion<Path> extends true ? [options?: unknown] : OptionsArgument<Options>;

/** What a call resolves to that asks for JSON. */
export type JsonCall<Operation, Schema> = OperationCall<Operation, AnswerBy<Operation, Schema>, Schema>;

/** What is read by GET, and has options of its own. */
export type Read<Paths, Path extends keyof Paths, Options> = OperationParameters<OperationOf<Paths, Path, "get">> &
  OwnOptions<Options>;

/** The options that a method has of its own. The rest is for the document to say. */
export type OwnOptions<Options> = Omit<Options, "method" | "params" | "path" | "headers" | keyof BodyOptions>;

/** The same as an argument. */
export type ReadArgument<Paths, Path extends keyof Paths, Options> = ArgumentFor<Path, Read<Paths, Path, Options>>;

/** What is asked for by GET. */
export interface ByGet {
  /** @defaultValue "GET" */
  readonly method?: "GET" | undefined;
}

/** What is asked for by POST. */
export interface ByPost {
  readonly method: "POST";
}

/** The options of `lines()` that are not for the document to say. */
export type LinesArgument<Schema> = OwnOptions<LinesOptions<Checked<Schema, unknown>>> & WithOwnSchema<Schema>;

/** What a schema makes of a value, or what it is otherwise. */
export type Checked<Schema, Otherwise> = Schema extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<Schema>
  : Otherwise;
