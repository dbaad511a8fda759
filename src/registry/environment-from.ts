import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { type Environment, processEnvironment } from "../core/environment.ts";
import { ServiceConfigurationError } from "../core/errors.ts";

/** A file of variables, and whether it may be missing. */
export type EnvironmentFile = string | { readonly path: string; readonly optional?: boolean | undefined };

/** Variables, or a function that reads them each time they are needed: at a start and at a reload. */
export type EnvironmentSource<Env = Environment> = Env | (() => Env);

/**
 * The variables of a source, as they are now; those of the process where there is none.
 *
 * @throws ServiceConfigurationError for a function that gives none, or a promise of them.
 */
export function readEnvironment(source: EnvironmentSource | undefined): Environment {
  if (typeof source !== "function") return source ?? processEnvironment();
  const given: unknown = source();
  if (typeof given === "object" && given !== null && !("then" in given)) return given as Environment;
  throw new ServiceConfigurationError("services", [
    "env must give an object of variables at once: what takes time is awaited before start() or reload()",
  ]);
}

/**
 * Variables of `.env` files, read by Node's own parser, and of the process; nothing is written to `process.env`.
 *
 * ```ts
 * export const services = defineServices(definitions, { env: environmentFrom([".env", { path: ".env.local", optional: true }]) });
 * ```
 *
 * A later file wins over those before it, and a variable of the process that is not empty over all files. The files are
 * read when the registry starts, and again at each reload.
 *
 * @param env - instead of those of the process.
 * @returns what reads them. It throws ServiceConfigurationError with every file that cannot be read.
 */
export function environmentFrom(
  files: EnvironmentFile | readonly EnvironmentFile[],
  env?: Environment,
): () => Environment {
  const all: readonly EnvironmentFile[] = Array.isArray(files) ? files : [files as EnvironmentFile];
  return () => {
    const problems: string[] = [];
    const read = all.map((file) => {
      const { path, optional = false } = typeof file === "string" ? { path: file } : file;
      return readFile(path, optional, (problem) => problems.push(problem));
    });
    if (problems.length > 0) throw new ServiceConfigurationError("services", problems);
    const ofProcess = Object.entries(env ?? processEnvironment()).filter(([, value]) => (value ?? "") !== "");
    return Object.assign({}, ...read, Object.fromEntries(ofProcess)) as Environment;
  };
}

function readFile(path: string, isOptional: boolean, report: (problem: string) => void): Environment {
  try {
    // A mark of the byte order would become a part of the first name.
    return parseEnv(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (isOptional && code === "ENOENT") return {};
    report(`the file of variables ${path} cannot be read (${code}): create it, or say that it is optional`);
    return {};
  }
}
