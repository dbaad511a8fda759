import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What `init` has to know of a project. */
export interface Project {
  readonly language: "typescript" | "javascript";
  /** Whether its .ts and .js files are ES modules. */
  readonly isModule: boolean;
  readonly runner: "node:test" | "vitest";
  readonly hasSourceFolder: boolean;
  readonly hasTestFolder: boolean;
  /** Whether the compiler lets an import name a .ts file; undefined where there is no tsconfig.json. */
  readonly mayImportTs: boolean | undefined;
}

/** Looks at the project that a folder belongs to; undefined where no package.json is there or above. */
export function lookAtProject(folder: string): Project | undefined {
  const manifest = manifestOf(folder);
  if (manifest === undefined) return undefined;
  const packages = new Set(
    ["dependencies", "devDependencies", "peerDependencies"].flatMap((field) => Object.keys(Object(manifest[field]))),
  );
  const config = readText(join(folder, "tsconfig.json"));
  const sources = [folder, join(folder, "src")].flatMap((path) => (existsSync(path) ? readdirSync(path) : []));
  const isTypeScript =
    config !== undefined || packages.has("typescript") || sources.some((name) => /\.[cm]?ts$/.test(name));
  const runsVitest = packages.has("vitest");
  return {
    language: isTypeScript ? "typescript" : "javascript",
    isModule: manifest["type"] === "module",
    runner: runsVitest ? "vitest" : "node:test",
    hasSourceFolder: existsSync(join(folder, "src")),
    hasTestFolder: existsSync(join(folder, "test")),
    mayImportTs:
      config === undefined
        ? undefined
        : /"(allowImportingTs|rewriteRelativeImport)Extensions"\s*:\s*true/.test(withoutComments(config)),
  };
}

/** What tsc --init writes has options in comments, for whoever wants them. */
const withoutComments = (text: string): string => text.replaceAll(/^\s*\/\/.*$/gm, "");

function manifestOf(folder: string): Readonly<Record<string, unknown>> | undefined {
  const text = readText(join(folder, "package.json"));
  if (text === undefined) return dirname(folder) === folder ? undefined : manifestOf(dirname(folder));
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
