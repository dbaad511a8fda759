import { createRequire } from "node:module";
import type { astToString as printTypes, default as writeTypes } from "openapi-typescript";
import { GenerateError } from "./generate-error.ts";
import type { ReadSource } from "./read-source.ts";

/** A document as it was read. */
export interface ReadDocument {
  readonly source: unknown;
  readonly parsed: unknown;
}

interface Problem {
  readonly severity: string;
  readonly message: string;
  readonly location?: readonly { readonly pointer?: string | undefined }[] | undefined;
}

/** What is taken of the reader that openapi-typescript brings with it. */
interface Reader {
  readonly createConfig: (raw: object, options?: { readonly extends: readonly string[] }) => Promise<Config>;
  readonly makeDocumentFromString: (text: string, path: string) => ReadDocument;
  readonly bundle: (
    options: object,
  ) => Promise<{ readonly bundle: ReadDocument; readonly problems: readonly Problem[] }>;
  readonly BaseResolver: new (config: unknown) => object;
}

interface Config {
  readonly styleguide: unknown;
  readonly resolve: unknown;
}

/** What writes the types. */
interface Writer {
  readonly default: typeof writeTypes;
  readonly astToString: typeof printTypes;
}

/** What reads OpenAPI documents, and writes types for them. */
export interface Engine {
  /**
   * Parses a text of JSON or YAML.
   *
   * @param source - how it is called in errors.
   * @throws GenerateError
   */
  readonly parse: (text: ReadSource, source: string) => ReadDocument;
  /** The document with all in it that it refers to elsewhere. @throws GenerateError where that is not there */
  readonly bundle: (document: ReadDocument, source: string) => Promise<unknown>;
  /** The types, as a text. @throws what the engine throws at a document that is not as it should be */
  readonly typesOf: (document: unknown) => Promise<string>;
}

const advice =
  "hawser generate needs openapi-typescript 7, and beside it the compiler API of TypeScript 5 or 6, which TypeScript 7 has not: " +
  "npm install --save-dev openapi-typescript typescript@5; beside TypeScript 7, npx -p hawser -p openapi-typescript -p typescript@5 hawser generate";

/**
 * Loads the engine, which is there where the application installed it.
 *
 * @param load - imports it.
 * @throws GenerateError where it is not there, or cannot be loaded.
 */
export async function loadEngine(
  load: () => Promise<Writer> = async () => import("openapi-typescript"),
): Promise<Engine> {
  let writer: Writer;
  let reader: Reader;
  try {
    writer = await load();
    // Not a dependency of ours: the one that the engine itself reads with.
    const near = createRequire(import.meta.resolve("openapi-typescript"));
    reader = near("@redocly/openapi-core") as Reader;
  } catch (error) {
    throw new GenerateError(advice, { cause: error });
  }
  return {
    parse: (text, source) => parse(reader, text, source),
    bundle: async (document, source) => bundle(reader, document, source),
    async typesOf(document) {
      // By rules of its own it would print what it finds, and refuse documents that types can well be made of.
      const redocly = await reader.createConfig({}, { extends: [] });
      return writer.astToString(
        await writer.default(document as object as never, { silent: true, redocly: redocly as never }),
      );
    },
  };
}

function parse(reader: Reader, { text, location }: ReadSource, source: string): ReadDocument {
  try {
    return reader.makeDocumentFromString(text, location);
  } catch (error) {
    const kind = text.trimStart().startsWith("{") ? "JSON" : "YAML";
    throw new GenerateError(`${source} is not valid ${kind}: ${firstLine(error)}`, { cause: error });
  }
}

async function bundle(reader: Reader, document: ReadDocument, source: string): Promise<unknown> {
  const config = await reader.createConfig({}, { extends: [] });
  const externalRefResolver = new reader.BaseResolver(config.resolve);
  const bundled = await reader.bundle({ doc: document, config, externalRefResolver, dereference: false });
  refuse(bundled.problems, source);
  return bundled.bundle.parsed;
}

function refuse(problems: readonly Problem[], source: string): void {
  const errors = problems.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (first === undefined) return;
  const more = errors.length === 1 ? "" : ` (and ${errors.length - 1} more)`;
  const place = first.location?.[0]?.pointer;
  const where = place === undefined ? "" : ` at ${place}`;
  throw new GenerateError(`${source} is not valid OpenAPI: ${firstLine(first)}${where}${more}`);
}

const firstLine = (error: unknown): string =>
  ((error as { readonly message?: unknown }).message as string | undefined)?.split("\n", 1)[0]?.trim() ?? String(error);
