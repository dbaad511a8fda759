import { createRequire } from "node:module";
import { systemClock } from "./clock.ts";

/** The least that a logger writes; `silent` for nothing. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
const rank: Record<LogLevel, number> = { debug: 20, info: 30, warn: 40, error: 50, silent: 60 };

/** Writes one entry: fields first, then what happened, as pino does. */
export type LogMethod = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** The part of a pino logger that Hawser uses; pino's own fits as it is. */
export interface Logger {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
  /** A logger that adds these fields to each entry. */
  child(bindings: Readonly<Record<string, unknown>>): Logger;
  /** Where given, asked before fields that cost something are put together. */
  isLevelEnabled?(level: string): boolean;
}

interface JsonLoggerOptions {
  readonly level?: LogLevel;
  readonly write?: (line: string) => void;
}

/**
 * JSON lines on standard error, for where pino is not installed.
 *
 * @param options - `level`: the least that is written, `info` by default. `write`: takes each finished line,
 * standard error by default.
 */
export function jsonLogger(
  options: { readonly level?: LogLevel; readonly write?: (line: string) => void } = {},
  bindings: Readonly<Record<string, unknown>> = {},
): Logger {
  const root = new JsonLogger(options, bindings);
  // A plain object, so that a test may spread it and put a method of its own in.
  return {
    debug: (...entry) => root.debug(...entry),
    info: (...entry) => root.info(...entry),
    warn: (...entry) => root.warn(...entry),
    error: (...entry) => root.error(...entry),
    child: (more) => root.child(more),
    isLevelEnabled: (asked) => root.isLevelEnabled(asked),
  };
}

/** A class, not an object of closures: each service has a child of its own, and there may be thousands. */
class JsonLogger implements Logger {
  readonly #options: JsonLoggerOptions;
  readonly #bindings: Readonly<Record<string, unknown>>;

  constructor(options: JsonLoggerOptions, bindings: Readonly<Record<string, unknown>>) {
    this.#options = options;
    this.#bindings = bindings;
  }

  debug(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#log("debug", fields, message);
  }

  info(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#log("info", fields, message);
  }

  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#log("warn", fields, message);
  }

  error(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#log("error", fields, message);
  }

  child(more: Readonly<Record<string, unknown>>): Logger {
    return new JsonLogger(this.#options, { ...this.#bindings, ...more });
  }

  isLevelEnabled(asked: string): boolean {
    return (rank[asked as LogLevel] ?? 0) >= rank[this.#options.level ?? "info"];
  }

  #log(own: LogLevel, fields: Readonly<Record<string, unknown>>, message: string): void {
    if (!this.isLevelEnabled(own)) return;
    const entry = { level: rank[own], time: systemClock.wallNow(), ...this.#bindings, ...fields, msg: message };
    const line = `${lineOf(entry, message)}\n`;
    if (this.#options.write === undefined) process.stderr.write(line);
    else this.#options.write(line);
  }
}

// A log line must never be what breaks a call: BigInt, a circle, and a toJSON that throws all end JSON.stringify.
function lineOf(entry: { readonly level: number; readonly time: number }, message: string): string {
  try {
    return JSON.stringify(entry, showErrors);
  } catch (error) {
    const { level, time } = entry;
    const unwritable = error instanceof Error ? error.name : "thrown";
    return JSON.stringify({ level, time, unwritable, msg: message });
  }
}

// Errors have no enumerable fields of their own, so JSON would show them as {}.
const showErrors = (_key: string, value: unknown): unknown =>
  value instanceof Error && !("toJSON" in value) ? { name: value.name, message: value.message } : value;

/** Says nothing; for tests. */
export const silentLogger: Logger = jsonLogger({ level: "silent" });

let shared: Logger | undefined;

/** pino where it is installed, else {@link jsonLogger}; either on standard error at level `info`. */
export function defaultLogger(): Logger {
  shared ??= pinoLogger() ?? jsonLogger();
  return shared;
}

/**
 * Takes the place of {@link defaultLogger} for all that is made from now on: on a command line, the log would stand
 * between the answers.
 */
export function replaceDefaultLogger(logger: Logger): void {
  shared = logger;
}

interface PinoModule {
  (options: object, destination: unknown): Logger;
  destination(options: object): unknown;
}

function pinoLogger(): Logger | undefined {
  try {
    const pino = createRequire(import.meta.url)("pino") as PinoModule;
    return pino({ level: "info" }, pino.destination({ fd: 2, sync: true }));
  } catch {
    return undefined;
  }
}
