import { fileURLToPath } from "node:url";
import { dirname, extname, relative } from "node:path";
import { isServiceConfigurationError } from "../core/errors.ts";
import { inOneLine, UsageError } from "./failure.ts";

/** The file that was to be loaded. */
export interface LoadedFile {
  readonly path: string;
  /** For people: relative to where they are. */
  readonly name: string;
  readonly isFile: (path: string) => boolean;
}

/** What to tell of a file that Node could not load: one line that says what to do. A wrong definition stays as it is. */
export function loadProblem(error: unknown, file: LoadedFile): Error {
  if (isServiceConfigurationError(error)) return error;
  return new UsageError(`${file.name} cannot be loaded: ${advice(error, file)}`);
}

function advice(error: unknown, file: LoadedFile): string {
  if (!(error instanceof Error)) return inOneLine(error);
  const { code } = error as NodeJS.ErrnoException;
  const place = placeOf(error, file);
  switch (code) {
    case "ERR_MODULE_NOT_FOUND":
    case "ERR_UNSUPPORTED_DIR_IMPORT":
      return missing(error, file);
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return `${place}${error.message.replace(" in strip-only mode", "")}: Node strips types and no more, so write it without (tsc finds all with erasableSyntaxOnly), or build and name the built file with --services`;
    case "ERR_INVALID_TYPESCRIPT_SYNTAX":
      return `${place}syntax error: ${inOneLine(error).replace(/^SyntaxError: /, "")}`;
    case "ERR_UNKNOWN_FILE_EXTENSION":
      return `${error.message.replace(/ for .*/, "")} (${extname(file.path)}): build, and name the built file with --services`;
    default:
      return syntaxAdvice(error) ?? `${place}${inOneLine(error)}`;
  }
}

function missing(error: Error & { readonly url?: string }, file: LoadedFile): string {
  const importer = / imported from (.+)$/.exec(error.message)?.[1] ?? file.path;
  const from = relative(dirname(file.path), importer) || file.name;
  const name = /'(.+?)'/.exec(error.message)?.[1] ?? "a module";
  if (error.url === undefined) {
    const isAlias = /^([@~#]\/|~|#)/.test(name);
    return isAlias
      ? `${from} imports ${name}, an alias that Node does not know: name it under imports in package.json, or build and name the built file with --services`
      : `${from} imports the package ${name}, which is not installed: npm install ${name}`;
  }
  const path = fileURLToPath(error.url);
  const wanted = shown(relative(dirname(importer), path));
  const there = nearTo(path).find(file.isFile);
  return there === undefined
    ? `${from} imports ${wanted}, which is not there`
    : `${from} imports ${wanted}, and Node wants the name of the file: write ${shown(relative(dirname(importer), there))}, or build and name the built file with --services`;
}

const shown = (path: string): string => (path.startsWith(".") ? path : `./${path}`);

/** The files that a bundler, or a compiler with other rules, would have taken for it. */
function nearTo(path: string): string[] {
  const bare = path.replace(/\.[cm]?jsx?$/, "");
  return [bare, `${path}/index`].flatMap((start) => [".ts", ".mts", ".js", ".mjs"].map((ending) => start + ending));
}

function syntaxAdvice({ message }: Error): string | undefined {
  if (message.startsWith("Cannot use import statement") || message.startsWith("Unexpected token 'export'")) {
    return 'it is written as an ES module, and package.json says otherwise: set "type": "module" there, or call the file .mts (.mjs)';
  }
  const absent = /^The requested module '(.+)' does not provide an export named '(.+)'$/.exec(message);
  if (absent !== null) {
    return `${absent[1]} has no export ${absent[2]}: where it is a type, write import { type ${absent[2]} } (tsc finds all with verbatimModuleSyntax)`;
  }
  if (message === "Invalid or unexpected token") {
    return "syntax that Node cannot run, such as a decorator: build, and name the built file with --services";
  }
  return undefined;
}

/** `src/services.ts:3:7: `, where the stack names a place in a file of the user's own. */
function placeOf({ stack = "" }: Error, file: LoadedFile): string {
  const found = /(?:file:\/\/)?(\/[^\s():]+|[A-Za-z]:[^\s():]+):(\d+)(?::(\d+))?/.exec(
    stack
      .split("\n")
      .filter((line) => !line.includes("node:") && !line.includes("node_modules"))
      .join("\n"),
  );
  if (found === null) return "";
  const [, path = "", line, column] = found;
  const name = path === file.path ? file.name : relative(dirname(file.path), path);
  return `${name}:${line}${column === undefined ? "" : `:${column}`}: `;
}
