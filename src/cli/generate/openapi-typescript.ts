import { createRequire } from "node:module";
import { GenerateError } from "./generate-error.ts";
import type { ReadSource } from "./read-source.ts";

/** A document as the engine has read it. */
interface ReadDocument {
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
  readonly lintDocument: (options: object) => Promise<readonly Problem[]>;
  readonly bundle: (
    options: object,
  ) => Promise<{ readonly bundle: ReadDocument; readonly problems: readonly Problem[] }>;
  readonly BaseResolver: new (config: unknown) => object;
}

interface Config {
  readonly styleguide: unknown;
  readonly resolve: unknown;
}

type Writer = Pick<typeof import("openapi-typescript"), "default" | "astToString">;

/** What reads OpenAPI documents, and writes types for them. */
export interface Engine {
  /**
   * Parses a text of JSON or YAML.
   *
   * @param location - its path or URL; what it refers to is found from there.
   * @throws GenerateError
   */
  readonly parse: (text: string, location: string, source: string) => unknown;
  /** The same document with all in it that it refers to elsewhere, checked. @throws GenerateError */
  readonly bundle: (parsed: unknown, from: ReadSource, source: string) => Promise<unknown>;
  /** The types, as a text. */
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
    parse: (text, location, source) => parse(reader, text, location, source),
    bundle: async (parsed, from, source) => bundle(reader, parsed, from, source),
    async typesOf(document) {
      // It was checked already, and by rules of its own the engine would print what it finds.
      const redocly = await reader.createConfig({}, { extends: [] });
      return writer.astToString(
        await writer.default(document as object as never, { silent: true, redocly: redocly as never }),
      );
    },
  };
}

function parse(reader: Reader, text: string, location: string, source: string): unknown {
  try {
    return reader.makeDocumentFromString(text, location).parsed;
  } catch (error) {
    const kind = text.trimStart().startsWith("{") ? "JSON" : "YAML";
    throw new GenerateError(`${source} is not valid ${kind}: ${firstLine(error)}`, { cause: error });
  }
}

async function bundle(
  reader: Reader,
  parsed: unknown,
  { text, location }: ReadSource,
  source: string,
): Promise<unknown> {
  const document = { ...reader.makeDocumentFromString(text, location), parsed };
  const config = await reader.createConfig({}, { extends: ["minimal"] });
  const externalRefResolver = new reader.BaseResolver(config.resolve);
  refuse(await reader.lintDocument({ document, config: config.styleguide, externalRefResolver }), source);
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
