import { posix } from "node:path";
import { environmentText, servicesText, testText } from "./templates.ts";
import type { Project } from "./project.ts";

/** A file that `init` writes, by its path from the project's folder. */
export interface FirstFile {
  readonly path: string;
  readonly content: string;
  /** Where the file is there already, it is added to. */
  readonly isAdded?: boolean;
}

/** What `init` writes, and what to do next. */
export interface FirstFiles {
  readonly files: readonly FirstFile[];
  /** What to do, and what for. */
  readonly steps: readonly (readonly [what: string, why: string])[];
}

/** The first services file of a project, a test of it, and the variables that it reads. */
export function firstFilesFor(project: Project): FirstFiles {
  const { language, isModule, runner, hasSourceFolder, hasTestFolder, mayImportTs } = project;
  const letters = language === "typescript" ? "ts" : "js";
  // Right in either kind of package: with another type, .js and .ts files would be CommonJS.
  const ending = isModule ? letters : `m${letters}`;
  const folder = hasSourceFolder ? "src/" : "";
  const services = `${folder}services.${ending}`;
  const test = `${hasTestFolder ? "test/" : folder}services.test.${ending}`;
  const path = posix.relative(posix.dirname(test), services);
  return {
    files: [
      { path: services, content: servicesText(language) },
      { path: test, content: testText(runner, path.startsWith(".") ? path : `./${path}`) },
      { path: ".env.example", content: environmentText, isAdded: true },
    ],
    steps: [
      [runner === "vitest" ? `npx vitest run ${test}` : `node --test ${test}`, "is green, and needs no network"],
      [services, "give the service its name, and a method for each call"],
      ["cp .env.example .env", "then set the URL and the key there"],
      ["npx hawser check", "says whether all is set, and the service is well"],
      ...(language === "typescript" && mayImportTs === false
        ? ([
            ["tsconfig.json", 'set "rewriteRelativeImportExtensions": true: Node imports ./services.ts by that name'],
          ] as const)
        : []),
    ],
  };
}
