import { type ClientPlan, clientSource, headerOf, importsOf } from "./client-source.ts";
import { documentOf, type JsonObject, objectOf, textOf } from "./document.ts";
import { GenerateError } from "./generate-error.ts";
import { classNameFor, isClassName, methodNames } from "./names.ts";
import type { Engine } from "./openapi-typescript.ts";
import { operationsOf, serverUrlOf } from "./operations.ts";
import { withUniqueIds } from "./unique-ids.ts";
import { withWireParameters } from "./wire-parameters.ts";

/** What is generated of a document. */
export interface GeneratedClient {
  /** The types of the document: `paths`, `components`, `operations`. */
  readonly types: string;
  /** The class, which needs the types beside it. */
  readonly client: string;
  /** Both, with all that a file of them needs. */
  readonly file: string;
  readonly className: string;
  /** How many methods the class has. */
  readonly operations: number;
}

/** What a client is generated of. */
export interface GenerateOptions {
  /** An OpenAPI document of version 3.0 or 3.1, parsed, with everything in it that it refers to. */
  readonly document: unknown;
  /** Its path or URL: how it is called in errors, and what a relative server URL in it is relative to. */
  readonly source: string;
  /** What the class is called. @defaultValue the title of the document, in PascalCase */
  readonly name?: string | undefined;
}

/**
 * Generates the types and the client of a document. The same document gives the same text.
 *
 * @param typesOf - writes the types of a document.
 * @throws GenerateError for a document or a name that it cannot be done with.
 */
export async function generateClient(typesOf: Engine["typesOf"], options: GenerateOptions): Promise<GeneratedClient> {
  const { source, name } = options;
  const document = documentOf(options.document, source);
  const root = objectOf(options.document);
  if (name !== undefined && !isClassName(name)) {
    throw new GenerateError(
      `${JSON.stringify(name)} cannot be the name of the class: one such as GitHub, in letters and digits`,
    );
  }
  const operations = operationsOf(document, root);
  const names = methodNames(operations);
  const title =
    [document.info.title, document.info.version].filter((text) => text !== "").join(" ") ||
    "a document without a title";
  const plan: ClientPlan = {
    className: name ?? classNameFor(document.info.title),
    title,
    serverUrl: serverUrlOf(document, source),
    methods: operations.map((operation, index) => ({ name: names[index] ?? operation.id, operation })),
  };
  const types = await typesFor(withUniqueIds(withWireParameters(root)), typesOf, source);
  const client = clientSource(plan);
  const file = `${headerOf(title)}${importsOf(plan)}\n${types}\n${client}`;
  return { types, client, file, className: plan.className, operations: operations.length };
}

async function typesFor(root: JsonObject, typesOf: Engine["typesOf"], source: string): Promise<string> {
  try {
    return await typesOf(root);
  } catch (error) {
    const said = textOf(error instanceof Error ? error.message : error);
    throw new GenerateError(
      `${source} is not valid OpenAPI, for no types can be made of it (${said}): npx @redocly/cli lint says where`,
      { cause: error },
    );
  }
}
