import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandContext } from "./context.ts";
import { UsageError } from "./failure.ts";

/**
 * Puts the variables of these files into the environment; the shell's own win, then those of the later file. Without a
 * list, `.env` where there is one.
 *
 * @throws UsageError for files that cannot be read.
 */
export function loadEnvFiles(given: readonly string[] | undefined, context: CommandContext): void {
  const usual = resolve(context.cwd, ".env");
  const files = given ?? (existsSync(usual) ? [usual] : []);
  const problems: string[] = [];
  // The loader leaves alone what is set: the last file has to come first.
  for (const file of files.toReversed()) {
    try {
      context.loadEnvFile(resolve(context.cwd, file));
    } catch (error) {
      const { code = "unknown" } = error as NodeJS.ErrnoException;
      problems.unshift(
        `--env-file ${file} cannot be read${code === "ENOENT" ? ": there is no such file" : ` (${code})`}`,
      );
    }
  }
  if (problems.length > 0) throw new UsageError(...problems);
}
