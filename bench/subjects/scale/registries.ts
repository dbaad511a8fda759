/** Services of one application, from their definition to their end. */
export interface Registry {
  start(): Promise<void>;
  /** The service of a number. */
  get(index: number): unknown;
  /** Of all of them. */
  health(): Promise<unknown>;
  stop(): Promise<void>;
}

/** Makes a registry of so many services, with {@link variablesFor} as many; nothing of them is made yet. */
export type MakeRegistry = (size: number, env: Readonly<Record<string, string>>) => Registry;

/** What the services of the suite are called: the same strings each time, as literals in a program are. */
export const names: readonly string[] = Array.from({ length: 1_000 }, (_, index) => `service${index}`);

export function nameOf(index: number): string {
  return names[index] ?? "";
}

// One service in ten is made by functions, of the one before it.
const customEvery = 10;
export const isCustom = (index: number): boolean => index % customEvery === customEvery - 1;

/**
 * The variables of an application: the URL of each service, and others that a process has, of which one in ten looks
 * like a setting of a service and is none.
 */
export function variablesFor(size: number): Record<string, string> {
  const env: Record<string, string> = {};
  for (let index = 0; index < size; index++) {
    env[`SERVICE${index}_URL`] = "https://service.invalid";
    env[index % 10 === 0 ? `SERVICE${index}_BUILD` : `OTHER_${index}`] = "1";
  }
  return env;
}
