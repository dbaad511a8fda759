import { GenerateError } from "./generate-error.ts";

/** An OpenAPI document, parsed, of which no more is known than that it is one of version 3.0 or 3.1. */
export interface OpenAPIDocument {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly servers: readonly unknown[];
  readonly paths: JsonObject;
  readonly components: JsonObject;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** The value as an object; an empty one where it is none. */
export function objectOf(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** The value as a list; an empty one where it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value as text in one line; empty where it is none. */
export function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value).replaceAll(/\s+/g, " ").trim() : "";
}

/**
 * What was read, as a document.
 *
 * @param source - how it is called in errors.
 * @throws GenerateError where it is none, or one of a version that is not understood.
 */
export function documentOf(parsed: unknown, source: string): OpenAPIDocument {
  const { openapi, swagger, asyncapi, info, servers, paths, components } = objectOf(parsed);
  if (swagger !== undefined) {
    throw new GenerateError(
      `${source} is Swagger ${textOf(swagger)}: convert it to OpenAPI 3 first, with npx swagger2openapi --outfile openapi.json <it>`,
    );
  }
  if (asyncapi !== undefined)
    throw new GenerateError(`${source} is AsyncAPI, which tells of messages: give an OpenAPI document`);
  if (openapi === undefined) {
    throw new GenerateError(`${source} is no OpenAPI document: it has no field openapi, such as openapi: 3.1.0`);
  }
  const version = textOf(openapi);
  if (!/^3\.[01](\.|$)/.test(version)) {
    throw new GenerateError(`${source} is OpenAPI ${version}: 3.0 and 3.1 are understood, so give it in one of these`);
  }
  if (Object.keys(objectOf(paths)).length === 0)
    throw new GenerateError(`${source} has no paths: there is nothing to call`);
  const { title, version: release } = objectOf(info);
  return {
    openapi: version,
    info: { title: textOf(title), version: textOf(release) },
    servers: listOf(servers),
    paths: objectOf(paths),
    components: objectOf(components),
  };
}

/** What a local reference leads to, through others; the value itself where it is none. */
export function resolved(value: unknown, root: JsonObject): JsonObject {
  let found = objectOf(value);
  // Ends with a circle of references as well.
  for (let steps = 0; typeof found["$ref"] === "string" && steps < 20; steps++) {
    const pointer = found["$ref"];
    if (!pointer.startsWith("#/")) return {};
    const keys = pointer
      .slice(2)
      .split("/")
      .map((key) => decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~"));
    found = keys.reduce<JsonObject>((at, key) => objectOf(at[key]), root);
  }
  return found;
}
