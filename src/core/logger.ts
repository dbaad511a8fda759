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
  const { level = "info", write = (line: string) => void process.stderr.write(line) } = options;
  const method =
    (own: LogLevel): LogMethod =>
    (fields, message) => {
      if (rank[own] < rank[level]) return;
      const entry = { level: rank[own], time: systemClock.wallNow(), ...bindings, ...fields, msg: message };
      write(`${lineOf(entry, message)}\n`);
    };
  return {
    debug: method("debug"),
    info: method("info"),
    warn: method("warn"),
    error: method("error"),
    child: (more) => jsonLogger(options, { ...bindings, ...more }),
    isLevelEnabled: (asked) => (rank[asked as LogLevel] ?? 0) >= rank[level],
  };
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
