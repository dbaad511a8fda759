import { existsSync } from "node:fs";
import type { Dispatcher } from "undici";
import { ServiceConfigurationError } from "../core/errors.ts";
import { type CassetteChoices, type CassetteOptions, readCassetteOptions } from "./cassette-options.ts";
import { PlayingCassette } from "./playing-cassette.ts";
import { RecordingCassette } from "./recording-cassette.ts";

/** A recording of a real service, made once and played from then on: the option `dispatcher` of a RESTService. */
export interface Cassette extends AsyncDisposable {
  /** What it does: `auto` has become one of these. */
  readonly mode: "record" | "replay" | "passthrough";
  /** What undici calls a dispatcher. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  /**
   * Where it recorded, writes the file, as a whole or not at all. Where it played, looks for what was not played.
   *
   * @throws AssertionError for calls that had no recording, and as `onUnused` says.
   */
  close(): Promise<void>;
}

/**
 * Makes a cassette. The file is read at once; nothing is asked of anybody before the first call.
 *
 * @throws ServiceConfigurationError with every problem at once; for a file that does not exist, holds something else
 * or, as `onStale` says, is too old.
 */
export function cassette(options: CassetteOptions): Cassette {
  const choices = readCassetteOptions(options);
  const mode = modeOf(choices);
  return mode === "replay" ? new PlayingCassette(choices) : new RecordingCassette(choices, mode);
}

function modeOf({ mode, file, env }: CassetteChoices): Cassette["mode"] {
  if (mode !== "auto") return mode;
  if (existsSync(file)) return "replay";
  if (env.CI === undefined || env.CI === "" || env.CI === "false") return "record";
  throw new ServiceConfigurationError("cassette", [
    `${file} does not exist, and is not recorded where CI is set: record it on your machine and commit it`,
  ]);
}
