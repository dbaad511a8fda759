import { type JsonObject, listOf, objectOf, type OpenAPIDocument, resolved, textOf } from "./document.ts";

export const methods = ["get", "put", "post", "delete", "options", "head", "patch"] as const;

/** One method of one path, as far as a client is made of it. */
export interface Operation {
  readonly method: (typeof methods)[number];
  readonly path: string;
  /** Empty where the document gives none. */
  readonly id: string;
  readonly summary: string;
  readonly isDeprecated: boolean;
  /** Whether what a call is asked for is the JSON of its answer: or else it is the response as it is. */
  readonly hasJsonAnswer: boolean;
  /** Of the body, where it is JSON under another name than application/json. */
  readonly jsonType: string | undefined;
}

/** The operations of a document, in its order. */
export function operationsOf(document: OpenAPIDocument, root: JsonObject): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) => {
    const all = resolved(item, root);
    return methods
      .filter((method) => all[method] !== undefined)
      .map((method) => operationOf(method, path, resolved(all[method], root), root));
  });
}

function operationOf(method: Operation["method"], path: string, given: JsonObject, root: JsonObject): Operation {
  return {
    method,
    path,
    id: textOf(given["operationId"]),
    summary: textOf(given["summary"]),
    isDeprecated: given["deprecated"] === true,
    hasJsonAnswer: method !== "head" && method !== "options" && hasJsonAnswer(objectOf(given["responses"]), root),
    jsonType: jsonTypeOf(resolved(given["requestBody"], root)),
  };
}

// As the types have it: of the answers of success, or of `default` where there is none. One without content counts, for
// its JSON is undefined.
function hasJsonAnswer(responses: JsonObject, root: JsonObject): boolean {
  const successes = Object.keys(responses).filter((status) => status.startsWith("2"));
  const statuses = successes.length === 0 ? ["default"] : successes;
  return statuses.every((status) => {
    const types = Object.keys(objectOf(resolved(responses[status], root)["content"]));
    return types.length === 0 || types.some(isJson);
  });
}

function jsonTypeOf(body: JsonObject): string | undefined {
  const types = Object.keys(objectOf(body["content"])).filter((type) => isJson(type) && type !== "*/*");
  return types.some((type) => type.startsWith("application/json")) ? undefined : types[0];
}

const isJson = (type: string): boolean => type === "*/*" || /[/+]json(;|$)/.test(type);

/** The first URL that the document says it can be called under, its variables filled in; undefined where it is relative. */
export function serverUrlOf(document: OpenAPIDocument, source: string): string | undefined {
  const { url, variables } = objectOf(listOf(document.servers)[0]);
  const filled = textOf(url).replaceAll(/\{([^{}]*)\}/g, (_all, name: string) =>
    textOf(objectOf(objectOf(variables)[name])["default"]),
  );
  const base = URL.canParse(source) && /^https?:/.test(source) ? source : undefined;
  if (filled === "" || !URL.canParse(filled, base)) return undefined;
  return new URL(filled, base).href.replace(/\/$/, "");
}
