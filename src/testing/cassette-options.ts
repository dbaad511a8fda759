import type { Dispatcher } from "undici";
import { type Clock, systemClock } from "../core/clock.ts";
import { type Environment, processEnvironment } from "../core/environment.ts";
import type { Logger } from "../core/logger.ts";
import { OptionReader } from "../core/options.ts";
import { Secret } from "../core/secret.ts";
import type { CassetteMatchRules } from "./cassette-match.ts";
import type { RedactRules } from "./redactor.ts";

/** What a cassette does: see {@link CassetteOptions.mode}. */
export type CassetteMode = "record" | "replay" | "auto" | "passthrough";

/** By what a call finds its recording, beside method and path. */
export interface CassetteMatchOptions {
  /** @defaultValue true */
  readonly origin?: boolean | undefined;
  /** @defaultValue true */
  readonly query?: boolean | undefined;
  /** Off for a body that is another one each time: one with a date or a random id. @defaultValue true */
  readonly body?: boolean | undefined;
  /** Names of headers; they are recorded, and no others of the request. @defaultValue none */
  readonly headers?: readonly string[] | undefined;
}

/**
 * What is secret, beside what the library knows: credentials that an `auth` provider set, headers and parameters whose
 * name ends with a word such as key, token or secret, cookies, and fields of bodies such as `password` and
 * `access_token`.
 */
export interface CassetteRedactOptions {
  readonly headers?: readonly string[] | undefined;
  readonly query?: readonly string[] | undefined;
  /** Fields of JSON bodies and forms, wherever they stand. */
  readonly fields?: readonly string[] | undefined;
  /** Values: taken out wherever they occur, also encoded. */
  readonly values?: readonly (string | Secret)[] | undefined;
  /** Names of headers, parameters and fields that are no secret though they look like one: `page_token`. */
  readonly keep?: readonly string[] | undefined;
}

/** How a cassette is set up. */
export interface CassetteOptions {
  /** Where the recording is: a path, relative to the working folder. One for each test is a good habit. */
  readonly file: string;
  /**
   * - `record`: asks the real service, and writes the file when the cassette is closed.
   * - `replay`: answers from the file, and asks nobody.
   * - `auto`: replays where the file exists, else records; but fails where `CI` is set in the environment.
   * - `passthrough`: asks the real service, and keeps nothing.
   *
   * @defaultValue "auto"
   */
  readonly mode?: CassetteMode | undefined;
  readonly match?: CassetteMatchOptions | undefined;
  readonly redact?: CassetteRedactOptions | undefined;
  /** How old a recording may be, in milliseconds. @defaultValue Infinity */
  readonly maxAgeMs?: number | undefined;
  /** What to do about a recording that is older. @defaultValue "warn" */
  readonly onStale?: "warn" | "fail" | undefined;
  /** What to do, when it is closed, about recordings that were not played. @defaultValue "fail" */
  readonly onUnused?: "warn" | "fail" | "ignore" | undefined;
  /** What the real service is asked through. It is not closed by the cassette. @defaultValue a pool of its own */
  readonly dispatcher?: Pick<Dispatcher, "dispatch"> | undefined;
  /** Where warnings go. @defaultValue `process.emitWarning` */
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
  /** Where `CI` is looked for. @defaultValue `process.env` */
  readonly env?: Environment | undefined;
}

/** The options, checked and with their defaults. */
export interface CassetteChoices {
  readonly file: string;
  readonly mode: CassetteMode;
  readonly match: CassetteMatchRules;
  readonly redact: RedactRules;
  readonly secrets: readonly string[];
  readonly maxAgeMs: number;
  readonly onStale: "warn" | "fail";
  readonly onUnused: "warn" | "fail" | "ignore";
  readonly dispatcher: Pick<Dispatcher, "dispatch"> | undefined;
  readonly logger: Logger | undefined;
  readonly clock: Clock;
  readonly env: Environment;
}

/** @throws ServiceConfigurationError with every problem at once. */
export function readCassetteOptions(options: CassetteOptions): CassetteChoices {
  const reader = new OptionReader("cassette", options);
  const file = reader.string("file", "");
  if (file === "") reader.problem('file is required: "test/cassettes/payments.json"');
  const match = reader.group("match");
  const redact = reader.group("redact");
  const lower = (names: readonly string[]): string[] => names.map((name) => name.toLowerCase());
  const choices: CassetteChoices = {
    file,
    mode: reader.oneOf("mode", ["record", "replay", "auto", "passthrough"], "auto"),
    match: {
      origin: match.boolean("origin", true),
      query: match.boolean("query", true),
      body: match.boolean("body", true),
      headers: lower(readNames(match, "match.headers", "headers")),
    },
    redact: {
      headers: new Set(lower(readNames(redact, "redact.headers", "headers"))),
      query: new Set(lower(readNames(redact, "redact.query", "query"))),
      fields: new Set(lower(readNames(redact, "redact.fields", "fields"))),
      keep: new Set(lower(readNames(redact, "redact.keep", "keep"))),
    },
    secrets: readValues(redact),
    maxAgeMs: reader.number("maxAgeMs", Number.POSITIVE_INFINITY, { min: 1 }),
    onStale: reader.oneOf("onStale", ["warn", "fail"], "warn"),
    onUnused: reader.oneOf("onUnused", ["warn", "fail", "ignore"], "fail"),
    dispatcher: reader.withMethods<Dispatcher>("dispatcher", ["dispatch"]),
    logger: reader.withMethods<Logger>("logger", ["warn"]),
    clock: reader.withMethods<Clock>("clock", ["now", "wallNow", "setTimer"]) ?? systemClock,
    env: (reader.any("env") as Environment | undefined) ?? processEnvironment(),
  };
  match.rejectUnknown();
  redact.rejectUnknown();
  reader.finish();
  return choices;
}

function readNames(reader: OptionReader, title: string, name: string): readonly string[] {
  const given = reader.any(name);
  if (given === undefined) return [];
  if (Array.isArray(given) && given.every((one) => typeof one === "string" && one !== "")) return given as string[];
  reader.problem(`${title} must be a list of names`);
  return [];
}

function readValues(reader: OptionReader): readonly string[] {
  const given = reader.any("values");
  if (given === undefined) return [];
  const isFit = (one: unknown): boolean => one instanceof Secret || (typeof one === "string" && one.length >= 4);
  if (Array.isArray(given) && given.every(isFit)) {
    return (given as (string | Secret)[]).map((one) => Secret.from(one).reveal());
  }
  // Never the value. A shorter one would be found in every other word.
  reader.problem("redact.values must be a list of Secrets, or of strings of at least 4 characters");
  return [];
}
