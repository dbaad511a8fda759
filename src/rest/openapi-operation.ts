import type { OnProgress } from "./upload-progress.ts";
import type { StreamSource } from "./body-stream.ts";
import type { Fields, FieldValue } from "./fields.ts";
import type { PartValue } from "./multipart.ts";
import type { CallOptions } from "./request.ts";

// What openapi-typescript 7 writes for a document: an interface `paths` whose keys are the paths; below each, its
// methods, an absent one being `never`; below each of these, `parameters`, `requestBody` and `responses`.

/** A method as a document names it. */
export type OperationMethod = "get" | "put" | "post" | "delete" | "options" | "head" | "patch";

/** The paths of a document that have this method. */
export type PathWith<Paths, Method extends OperationMethod> = {
  [Path in keyof Paths]: Paths[Path] extends Readonly<Record<Method, unknown>> ? Path & string : never;
}[keyof Paths];

/** What a document says of one method of one path. */
export type OperationOf<Paths, Path extends keyof Paths, Method extends string> = Paths[Path][Method &
  keyof Paths[Path]];

/** What a call of an operation is given: its parameters and its body as the document says, and all of {@link CallOptions}. */
export type OperationOptions<Operation> = OperationParameters<Operation> & BodyOf<Operation>;

/** The same without the body. */
export type OperationParameters<Operation> = FreeOptions &
  PathPart<ParametersIn<Operation, "path">> &
  QueryPart<ParametersIn<Operation, "query">> &
  HeaderPart<ParametersIn<Operation, "header">>;

/** The options as an argument, which can be left out where nothing in it is required. */
export type OptionsArgument<Options> = Partial<Options> extends Options ? [options?: Options] : [options: Options];

/** Whether a type is one of several. */
export type IsUnion<Type, All = Type> = Type extends unknown ? ([All] extends [Type] ? false : true) : never;

/** What a document says nothing about. */
export interface FreeOptions extends Omit<CallOptions, "params" | "path" | "headers"> {}

/** The parameters that are in one place: path, query or header; never where there are none. */
export type ParametersIn<Operation, Place extends string> = Operation extends {
  readonly parameters: { readonly [P in Place]?: infer Declared };
}
  ? Exclude<Declared, undefined>
  : never;

/** The path parameters, as the option that they are given in. */
export type PathPart<Declared> = [Declared] extends [never]
  ? unknown
  : { readonly path: { readonly [Name in keyof Declared]: Segment<Declared[Name]> } };

/** A segment of a path: a string or a number; what else a document knows is for the caller to write as one. */
export type Segment<Value> = Value extends string | number ? Value : string;

/** The query parameters, likewise. */
export type QueryPart<Declared> = [Declared] extends [never]
  ? unknown
  : Partial<Declared> extends Declared
    ? { readonly params?: QueryFields<Declared> | undefined }
    : { readonly params: QueryFields<Declared> };

/** The query parameters by their names. */
export type QueryFields<Declared> = { readonly [Name in keyof Declared]: QueryField<Declared[Name]> };

/**
 * The value of a query parameter. An object has several encodings (deepObject, JSON, its keys as they are), and the
 * types do not tell which is meant: encoded by the caller, it is a string.
 */
export type QueryField<Value> = Value extends FieldValue
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly (Item extends FieldValue ? Item : string)[]
    : string;

/**
 * The headers. Never demanded: those that a document calls required (a version, a key) are mostly given once, with the
 * service.
 */
export type HeaderPart<Declared> = [Declared] extends [never]
  ? Pick<CallOptions, "headers">
  : { readonly headers?: (HeaderFields<Declared> & NonNullable<CallOptions["headers"]>) | undefined };

/** The headers that a document declares. */
export type HeaderFields<Declared> = { readonly [Name in keyof Declared]?: HeaderField<Declared[Name]> | undefined };

/** The value of a header. */
export type HeaderField<Value> = Value extends string ? Value : string;

/** The body, as the options that it can be given in. */
export type BodyOf<Operation> = Operation extends { readonly requestBody: { readonly content: infer Content } }
  ? BodyAs<Content>
  : Operation extends { readonly requestBody?: infer Body }
    ? OptionalBodyOf<Exclude<Body, undefined>>
    : unknown;

/** A body that can be left out. */
export type OptionalBodyOf<Body> = [Body] extends [never]
  ? unknown
  : Body extends { readonly content: infer Content }
    ? Partial<BodyAs<Content>>
    : unknown;

/** One option for each media type. */
export type BodyAs<Content> = {
  [Type in keyof Content]: BodyKinds<Content[Type]>[BodyKindOf<Type>];
}[keyof Content];

/** Media types whose values are JSON. */
export type JsonType =
  | `${string}/json`
  | `${string}/json;${string}`
  | `${string}+json`
  | `${string}+json;${string}`
  | "*/*";

/** In which option a media type is given. */
export type BodyKindOf<Type> = Type extends JsonType
  ? "json"
  : Type extends `application/x-www-form-urlencoded${string}`
    ? "form"
    : Type extends `multipart/form-data${string}`
      ? "multipart"
      : "raw";

/** The options for a body of a type, by their kinds. */
export interface BodyKinds<Value> {
  readonly json: { readonly json: Sent<Value> };
  readonly form: { readonly form: { readonly [Name in keyof Value]: FormField<Value[Name]> } };
  readonly multipart: {
    readonly multipart: FormData | { readonly [Name in keyof Value]: PartValue | readonly PartValue[] };
    readonly onUploadProgress?: OnProgress | undefined;
  };
  readonly raw:
    | { readonly text: string }
    | { readonly bytes: Uint8Array; readonly onUploadProgress?: OnProgress | undefined }
    | { readonly stream: StreamSource; readonly onUploadProgress?: OnProgress | undefined };
}

/** The value of a field of a form. */
export type FormField<Value> = Value extends Fields[string] ? Value : string;

/**
 * A body as it is sent: what the document calls read-only is the service's to say, and need not be given. Where all of
 * it is read-only, that is how the types were made, and says nothing. Of several, each by itself.
 */
export type Sent<Value> = Value extends unknown ? SentOne<Value, ReadOnlyKeyOf<Value>> : never;

/** The same of one. */
export type SentOne<Value, Key extends keyof Value> = [Key] extends [never]
  ? Value
  : [keyof Value] extends [Key]
    ? Value
    : Omit<Value, Key> & Partial<Pick<Value, Key>>;

/** The keys that are read-only; none where any key may be there. */
export type ReadOnlyKeyOf<Value> = Value extends Unkeyed
  ? never
  : string extends keyof Value
    ? never
    : { [Key in keyof Value]-?: IsReadOnly<Value, Key> extends true ? Key : never }[keyof Value];

/** Whether a key is read-only. */
export type IsReadOnly<Value, Key extends keyof Value> =
  Same<Pick<Value, Key>, { -readonly [K in Key]: Value[K] }> extends true ? false : true;

/** What has no keys of its own. */
export type Unkeyed = readonly unknown[] | string | number | boolean | null | undefined;

/**
 * Whether two types are identical, `readonly` included, which nothing else shows: two conditional types are the same
 * where what they test for is identical.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
