import type { styleText } from "node:util";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";

/** One of the two outputs of a command. */
export interface Output {
  /** Whether a person is looking. */
  readonly isTerminal: boolean;
  /** How many characters a line may have before it is wrapped. */
  readonly columns: number;
  write(data: string | Uint8Array): void;
  /** The text in this style, or as it is where there are no colours. */
  style(format: Style, text: string): string;
}

export type Style = Parameters<typeof styleText>[0];

/** All that a command sees of the world: a process hands in its own, a test what it likes. */
export interface CommandContext {
  readonly cwd: string;
  readonly clock: Clock;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborts with an {@link Interruption}. */
  readonly signal: AbortSignal;
  /** Reads standard input to its end. */
  readInput(): Promise<Uint8Array>;
  /** Puts the variables of this file into the environment, but for those that are set. */
  loadEnvFile(path: string): void;
  /** Has all registries and services that are made from now on write to this logger, unless they have their own. */
  replaceLogger(logger: Logger): void;
  /** Imports a module by its path. */
  importModule(path: string): Promise<unknown>;
}

/** A signal of the operating system ended the command. */
export class Interruption extends Error {
  override readonly name = "Interruption";
  readonly exitCode: number;

  constructor(signal: "SIGINT" | "SIGTERM") {
    super(`ended by ${signal}`);
    this.exitCode = signal === "SIGINT" ? 130 : 143;
  }
}

/** Whoever read the output has gone: `hawser tail feed | head -1`. That is no failure. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}
