import { isExternalServiceError, isServiceConfigurationError } from "../core/errors.ts";
import { Interruption, OutputClosed } from "./context.ts";

/** The command line, or a file that it names, is wrong. Each problem says what to do, in one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly problems: readonly string[];

  constructor(...problems: readonly string[]) {
    super(problems.join("; "));
    this.problems = problems;
  }
}

/** The command did what it was asked to, and the answer is no. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  /** What else there is to say, a line each. */
  readonly details: readonly string[];

  constructor(message: string, details: readonly string[] = []) {
    super(message);
    this.details = details;
  }
}

/** How a command that threw ends. */
export interface Ending {
  /** 2: wrong usage or settings. 1: a service failed. 128 and the number of the signal: interrupted. */
  readonly exitCode: number;
  /** A line for each problem. */
  readonly problems: readonly string[];
  /** Said below them, and of less weight. */
  readonly details: readonly string[];
}

/** What to tell of whatever a command threw, and with which exit code. Never a stack trace. */
export function endingFor(error: unknown): Ending {
  if (error instanceof Interruption) return ending(error.exitCode);
  if (error instanceof OutputClosed) return ending(0);
  if (error instanceof UsageError) return ending(2, error.problems);
  if (error instanceof CommandFailure) return ending(1, [error.message], error.details);
  if (isServiceConfigurationError(error)) {
    const of = error.service === "services" ? "" : `${error.service}: `;
    return ending(
      2,
      error.problems.map((problem) => of + problem),
    );
  }
  return ending(1, [isExternalServiceError(error) ? error.message : inOneLine(error)]);
}

const ending = (exitCode: number, problems: readonly string[] = [], details: readonly string[] = []): Ending => ({
  exitCode,
  problems: problems.map(onOneLine),
  details: details.map(onOneLine),
});

/** Kind and message of whatever was thrown. */
export function inOneLine(error: unknown): string {
  return onOneLine(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}

const onOneLine = (text: string): string => text.trim().replaceAll(/\s*[\r\n]+\s*/g, " ");
