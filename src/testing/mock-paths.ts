/** Methods that a mock can be told of by its types; another one needs a cast (`"PROPFIND" as never`). */
export type MockMethod = "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" | "PATCH" | "DELETE" | "TRACE";

/** Stands for "no OpenAPI types were given": every path goes, with every body. */
export interface AnyPaths {
  readonly "hawser: any path": never;
}

type IsAny<Paths> = [Paths] extends [AnyPaths] ? ([AnyPaths] extends [Paths] ? true : false) : false;

/** The paths of a document that have this method. */
export type PathsFor<Paths, Method extends string> =
  IsAny<Paths> extends true
    ? string
    : {
        [Path in keyof Paths & string]: OperationOf<Paths, Method, Path> extends never ? never : Path;
      }[keyof Paths & string];

/** The operation of a method and a path; never where there is none. */
export type OperationOf<Paths, Method extends string, Path> = Path extends keyof Paths
  ? Lowercase<Method> extends keyof Paths[Path]
    ? Exclude<Paths[Path][Lowercase<Method>], undefined>
    : never
  : never;

/** What an operation answers, by status; unknown where no document says so. */
export type ResponsesOf<Paths, Method extends string, Path> =
  IsAny<Paths> extends true
    ? AnyResponses
    : OperationOf<Paths, Method, Path> extends { readonly responses: infer Responses }
      ? Responses
      : AnyResponses;

/** Whatever status there is has whatever body there is. */
export interface AnyResponses {
  readonly default: { readonly content: Readonly<Record<string, unknown>> };
}

/** What anything between a service and its client may answer, whatever the document says. */
export type GatewayStatus = 408 | 429 | 500 | 502 | 503 | 504;

/** The statuses that may be answered: those of the document, and those of a {@link GatewayStatus}. */
export type StatusOf<Responses> = "default" extends keyof Responses
  ? number
  : Extract<keyof Responses, number> | GatewayStatus | RangeOf<Responses>;

type RangeOf<Responses> = Extract<keyof Responses, `${number}XX` | `${number}xx`> extends never ? never : number;

/** What is answered with a status; `undefined` for an answer without a body. */
export type MockBodyOf<Responses, Status> = Status extends keyof Responses
  ? ContentOf<Responses[Status]>
  : `${Status & number}` extends `${infer Hundreds extends 1 | 2 | 3 | 4 | 5}${string}`
    ? `${Hundreds}XX` extends keyof Responses
      ? ContentOf<Responses[`${Hundreds}XX`]>
      : "default" extends keyof Responses
        ? ContentOf<Responses["default" & keyof Responses]>
        : GatewayBody
    : "default" extends keyof Responses
      ? ContentOf<Responses["default" & keyof Responses]>
      : GatewayBody;

/** What such an answer may be: a page, most often, or an object. */
export type GatewayBody = string | Readonly<Record<string, unknown>> | undefined;

type ContentOf<Response> = Response extends { readonly content: infer Content }
  ? [keyof Content] extends [never]
    ? undefined
    : Content[keyof Content]
  : undefined;

/** The values of the `{names}` in a path, by name. */
export type PathParams<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : { readonly [Name in NamesIn<Path>]: string };

type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;
