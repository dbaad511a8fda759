import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { isExternalServiceError } from "../../core/errors.ts";
import { silentLogger } from "../../core/logger.ts";
import { RESTService } from "../../rest/rest-service.ts";
import { GenerateError } from "./generate-error.ts";

/** The text of a document, and where it is: what it refers to is found from there. */
export interface ReadSource {
  readonly text: string;
  /** A URL, or an absolute path. */
  readonly location: string;
}

// The largest document that is known (GitHub's, without references) has 70 MB.
const maxBytes = 256 * 1024 * 1024;

class DocumentServer extends RESTService {}

/**
 * Reads a file, or fetches a URL.
 *
 * @throws GenerateError where it is not there or cannot be read; the signal's reason.
 */
export async function readSource(source: string, signal?: AbortSignal): Promise<ReadSource> {
  signal?.throwIfAborted();
  return /^https?:\/\//i.test(source) ? fetched(source, signal) : fromFile(source);
}

async function fromFile(source: string): Promise<ReadSource> {
  const location = resolve(source);
  try {
    return { text: await readFile(location, "utf8"), location };
  } catch (error) {
    throw new GenerateError(`${source} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

async function fetched(source: string, signal: AbortSignal | undefined): Promise<ReadSource> {
  if (!URL.canParse(source)) throw new GenerateError(`${source} is not a URL`);
  const { href, origin, pathname, search } = new URL(source);
  await using server = new DocumentServer({
    name: "document",
    baseUrl: origin,
    maxResponseBytes: maxBytes,
    logger: silentLogger,
  });
  try {
    await server.connect();
    // Braces would be taken for the placeholders of a template.
    const endpoint = `${pathname}${search}`.replaceAll("{", "%7B").replaceAll("}", "%7D");
    const response = await server.get(endpoint, { signal });
    return { text: response.text(), location: href };
  } catch (error) {
    if (!isExternalServiceError(error)) throw error;
    throw new GenerateError(`${source} cannot be fetched: ${error.message}`, { cause: error });
  }
}

/** Why a file cannot be had, in words that say what to do. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message: string };
  switch (code) {
    case "ENOENT":
      return "there is no such file; look at the path";
    case "ENOTDIR":
      return "a part of its path is a file; look at the path";
    case "EISDIR":
      return "it is a folder; name a file in it";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "that is not allowed; look at the permissions";
    default:
      return message;
  }
}
