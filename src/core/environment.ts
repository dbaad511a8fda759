/** Variables by name, as `process.env` holds them; an empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Called at start, and by nobody's constructor: what runs later must not depend on what others do to the variables. */
export function processEnvironment(): Environment {
  // oxlint-disable-next-line node/no-process-env -- the one place; everything else is handed an Environment
  return process.env;
}
