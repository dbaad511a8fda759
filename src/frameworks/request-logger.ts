import type { Logger } from "../core/logger.ts";

/** The logger that pino-http and its like put on a request. */
export function requestLogger(request: object): Logger | undefined {
  const log: unknown = "log" in request ? request.log : undefined;
  return isLogger(log) ? log : undefined;
}

const isLogger = (value: unknown): value is Logger =>
  typeof value === "object" &&
  value !== null &&
  ["debug", "info", "warn", "error", "child"].every(
    (method) => typeof (value as Record<string, unknown>)[method] === "function",
  );
