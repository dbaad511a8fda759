import { readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { marker } from "./client-source.ts";
import { documentOf } from "./document.ts";
import { generateClient, type GeneratedClient } from "./generate-client.ts";
import { GenerateError } from "./generate-error.ts";
import { type Engine, loadEngine } from "./openapi-typescript.ts";
import { readSource, reasonOf } from "./read-source.ts";

/** What is generated, of what, and where to. */
export interface GenerateFileOptions {
  /** A path, or an http or https URL. */
  readonly source: string;
  /** The path of the file that is written. */
  readonly out: string;
  /** What the class is called. @defaultValue the title of the document, in PascalCase */
  readonly name?: string | undefined;
  /** Whether a file that was not generated may be replaced. @defaultValue false */
  readonly force?: boolean | undefined;
  /** Gives it up; its reason is thrown unchanged. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a document, and writes types and client for it into one file.
 *
 * @param engine - what reads and writes. @defaultValue openapi-typescript, as it is installed
 * @throws GenerateError, whose message is one line that says what to do; the signal's reason.
 */
export async function generateFile(options: GenerateFileOptions, engine?: Engine): Promise<GeneratedClient> {
  const { source, out, name, force = false, signal } = options;
  if (!force) await refuseForeign(out);
  const text = await readSource(source, signal);
  const { parse, bundle, typesOf } = engine ?? (await loadEngine());
  const read = parse(text, source);
  // Before the engine looks at it, which tells of other versions less well.
  documentOf(read.parsed, source);
  const document = await bundle(read, source);
  const generated = await generateClient(typesOf, { document, source, name });
  signal?.throwIfAborted();
  try {
    await writeFile(out, generated.file);
  } catch (error) {
    throw unwritable(out, error);
  }
  return generated;
}

/** What a person wrote is not for us to replace. */
async function refuseForeign(out: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(out, "utf8");
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return;
    throw unwritable(out, error);
  }
  if (text.trim() === "" || text.startsWith(marker)) return;
  throw new GenerateError(`${out} is there and was not generated: give another --out, or --force to replace it`);
}

function unwritable(out: string, error: unknown): GenerateError {
  const isFolderMissing = (error as { code?: unknown }).code === "ENOENT";
  const reason = isFolderMissing ? `the folder ${dirname(out)} is not there; make it first` : reasonOf(error);
  return new GenerateError(`${out} cannot be written: ${reason}`, { cause: error });
}
