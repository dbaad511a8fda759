import { jsonLogger, type LogLevel } from "../core/logger.ts";
import type { ServiceRegistry, StartOptions } from "../registry/service-registry.ts";
import type { CommandContext } from "./context.ts";
import { loadEnvFiles } from "./env-files.ts";
import { loadServices } from "./services-file.ts";

/** What every command takes that works with services. */
export interface ServicesOptions {
  readonly services?: string | undefined;
  readonly envFile?: readonly string[] | undefined;
  readonly log: LogLevel;
}

/** Loads the services file, with the variables that it and its settings see. @throws UsageError */
export async function openServices(options: ServicesOptions, context: CommandContext): Promise<ServiceRegistry> {
  loadEnvFiles(options.envFile, context);
  // Before the file is loaded: a registry takes its logger when it is made.
  context.replaceLogger(jsonLogger({ level: options.log, write: (line) => context.stderr.write(line) }));
  return loadServices(options.services, context);
}

/**
 * Starts the services, and stops them whatever happens.
 *
 * @param start - its signal gives up the start; `work` looks at it by itself.
 * @throws what the start, the work, or else the stop throws.
 */
export async function withStarted<T>(
  services: ServiceRegistry,
  start: StartOptions,
  work: () => Promise<T>,
): Promise<T> {
  let result: T;
  try {
    await services.start(start);
    result = await work();
  } catch (error) {
    // What went wrong first is what matters.
    await services.stop().catch(() => undefined);
    throw error;
  }
  await services.stop();
  return result;
}
