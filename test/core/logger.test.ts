import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ServiceTimeoutError } from "../../src/core/errors.ts";
import type * as loggers from "../../src/core/logger.ts";
import { defaultLogger, jsonLogger, type LogLevel, type Logger, silentLogger } from "../../src/core/logger.ts";

afterEach(() => {
  vi.doUnmock("node:module");
  vi.restoreAllMocks();
});

function writing(level?: LogLevel): { readonly logger: Logger; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  return { logger: jsonLogger(level === undefined ? { write } : { level, write }), lines };
}

const entryOf = ([line = ""]: readonly string[]): Record<string, unknown> =>
  JSON.parse(line) as Record<string, unknown>;

async function loggerWithoutPino(): Promise<typeof loggers> {
  vi.doMock("node:module", () => ({
    createRequire: () => () => {
      throw new Error("Cannot find module 'pino'");
    },
  }));
  const path = fileURLToPath(new URL("../../src/core/logger.ts", import.meta.url));
  return (await import(`${path}?without-pino`)) as typeof loggers;
}

describe("the logger of JSON lines", () => {
  test("writes one line per entry: level and time, fields, then what happened", () => {
    const { logger, lines } = writing();
    logger.info({ attempt: 2 }, "request");
    expect(lines[0]).toMatch(/^\{"level":30,"time":\d+,"attempt":2,"msg":"request"\}\n$/);
  });

  test.each<[LogLevel | undefined, number[]]>([
    ["debug", [20, 30, 40, 50]],
    [undefined, [30, 40, 50]],
    ["info", [30, 40, 50]],
    ["warn", [40, 50]],
    ["error", [50]],
    ["silent", []],
  ])("at level %s writes %j", (level, written) => {
    const { logger, lines } = writing(level);
    for (const method of ["debug", "info", "warn", "error"] as const) logger[method]({}, method);
    expect(lines.map((line) => entryOf([line])["level"])).toEqual(written);
  });

  test("says whether a level is written, before anything is put together for it", () => {
    const { logger } = writing("warn");
    expect(["debug", "info", "warn", "error", "trace"].map((level) => logger.isLevelEnabled?.(level))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  test("a child adds its fields to those of its parent, at its parent's level; those of the entry win", () => {
    const { logger, lines } = writing("warn");
    const child = logger.child({ service: "payments", attempt: 0 }).child({ region: "eu" });
    child.info({}, "not written");
    child.warn({ attempt: 1 }, "written");
    expect(lines).toHaveLength(1);
    expect(entryOf(lines)).toMatchObject({ service: "payments", region: "eu", attempt: 1, msg: "written" });
  });

  test("an error in a field shows its name and message, one of ours all that is safe", () => {
    const { logger, lines } = writing();
    const error = new ServiceTimeoutError("pong", 5, { service: "feed", phase: "open", outcome: "unknown" });
    logger.warn({ err: new TypeError("broken"), ours: error }, "failed");
    expect(entryOf(lines)).toMatchObject({
      err: { name: "TypeError", message: "broken" },
      ours: { name: "ServiceTimeoutError", code: "timeout-pong", limitMs: 5 },
    });
  });

  test.each<[string, () => unknown]>([
    ["a BigInt", () => 1n],
    [
      "a circle",
      () => {
        const circle: Record<string, unknown> = {};
        circle["self"] = circle;
        return circle;
      },
    ],
    [
      "a toJSON that throws",
      () => ({
        toJSON: () => {
          throw new RangeError("no");
        },
      }),
    ],
  ])("%s in a field costs the fields, and neither the line nor the caller", (_what, value) => {
    const { logger, lines } = writing();
    logger.info({ value: value() }, "request");
    expect(entryOf(lines)).toMatchObject({ level: 30, unwritable: expect.stringContaining("Error"), msg: "request" });
  });

  test("writes to standard error unless told otherwise", () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    jsonLogger().warn({}, "hello");
    expect(write.mock.calls).toEqual([[expect.stringContaining('"msg":"hello"')]]);
  });
});

test("the silent logger and its children say nothing", () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  silentLogger.child({ a: 1 }).error({}, "hello");
  expect(write).not.toHaveBeenCalled();
});

describe("the default logger", () => {
  test("is pino at level info where pino is installed, made once", () => {
    const logger = defaultLogger();
    expect(logger).toMatchObject({ level: "info", bindings: expect.any(Function) });
    expect(defaultLogger()).toBe(logger);
  });

  test("is one of JSON lines where pino is not installed", async () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const { defaultLogger: defaultWithoutPino } = await loggerWithoutPino();
    defaultWithoutPino().info({ attempt: 1 }, "hello");
    expect(write.mock.calls).toEqual([
      [expect.stringMatching(/^\{"level":30,"time":\d+,"attempt":1,"msg":"hello"\}\n$/)],
    ]);
    expect(defaultWithoutPino()).not.toHaveProperty("bindings");
  });
});
