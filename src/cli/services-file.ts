import { existsSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { ServiceRegistry } from "../registry/service-registry.ts";
import type { CommandContext } from "./context.ts";
import { UsageError } from "./failure.ts";
import { loadProblem } from "./load-problem.ts";
import { untilAborted } from "./limits.ts";

const endings = ["ts", "mts", "js", "mjs", "cjs"];

/** Where a services file is looked for, the first that is there being taken. */
export const usualServicesFiles: readonly string[] = [
  ...["", "src/"].flatMap((folder) => endings.map((ending) => `${folder}services.${ending}`)),
  ...["js", "mjs", "cjs"].map((ending) => `dist/services.${ending}`),
];

/**
 * The registry that a services file exports.
 *
 * @param given - the path of the file; undefined for the usual places.
 * @throws UsageError where there is no such file, it cannot be loaded, or exports no registry; the signal's reason.
 */
export async function loadServices(given: string | undefined, context: CommandContext): Promise<ServiceRegistry> {
  const path = given === undefined ? findServicesFile(context.cwd) : checkedFile(given, context.cwd);
  const name = relative(context.cwd, path) || path;
  let module: unknown;
  try {
    module = await untilAborted(context.importModule(path), context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    throw loadProblem(error, { path, name, isFile: existsSync });
  }
  return registryIn(module, name);
}

function findServicesFile(cwd: string): string {
  const found = usualServicesFiles.map((name) => resolve(cwd, name)).find(isFile);
  if (found !== undefined) return found;
  throw new UsageError(
    "no services file here: npx hawser init writes one, --services <file> names another (looked for services.ts, src/services.ts, their .mts, .js, .mjs and .cjs, and dist/services.js)",
  );
}

function checkedFile(given: string, cwd: string): string {
  const path = resolve(cwd, given);
  if (isFile(path)) return path;
  throw new UsageError(`--services ${given}: there is no such file`);
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;

/** The registry among the exports of a module. @throws UsageError where there is none, or which one is not clear. */
export function registryIn(module: unknown, name: string): ServiceRegistry {
  const exported = new Map(exportsOf(module));
  const preferred = exported.get("services") ?? exported.get("default");
  if (preferred !== undefined) return preferred;
  const [first, ...others] = exported;
  if (first === undefined) {
    throw new UsageError(
      `${name} exports no registry: export const services = defineServices({ … }), or name the file that does with --services`,
    );
  }
  if (others.length === 0) return first[1];
  throw new UsageError(
    `${name} exports several registries (${[...exported.keys()].join(", ")}): export the one to use as services`,
  );
}

function exportsOf(module: unknown): [string, ServiceRegistry][] {
  const entries = Object.entries(Object(module) as Record<string, unknown>);
  // What a CommonJS file exports is the default of its module.
  const inner = entries.flatMap(([name, value]) =>
    name === "default" && typeof value === "object" && value !== null && !isRegistry(value)
      ? Object.entries(value as Record<string, unknown>)
      : [],
  );
  return [...inner, ...entries].filter((entry): entry is [string, ServiceRegistry] => isRegistry(entry[1]));
}

const parts = ["start", "stop", "get", "has", "ready", "health", "describe"] as const;

// Not instanceof: a command line that is installed globally has classes of its own.
function isRegistry(value: unknown): value is ServiceRegistry {
  if (typeof value !== "object" || value === null) return false;
  const object = value as Record<string, unknown>;
  return Array.isArray(object["names"]) && parts.every((part) => typeof object[part] === "function");
}
