import type { StandardSchemaV1 } from "@standard-schema/spec";
import { readBaseUrl } from "../core/endpoint.ts";
import { headerProblem } from "../core/headers.ts";
import { OptionReader } from "../core/options.ts";
import { Secret } from "../core/secret.ts";
import { durationInWords, parseDurationMs } from "./durations.ts";
import { parseSizeBytes, sizeInWords } from "./sizes.ts";

/** What a text of the environment is: a value, or the reasons why it is none ("must be …"), which do not quote it. */
export type Parsed<T> = { readonly value: T } | { readonly problems: readonly string[] };

/**
 * A setting that is read from a text, as a Standard Schema: for the `settings` of a definition, and wherever else a
 * Standard Schema is taken. Its messages say what is expected and never quote the value.
 */
export class SettingSchema<T> implements StandardSchemaV1<string | undefined, T> {
  readonly "~standard": StandardSchemaV1.Props<string | undefined, T>;
  readonly #parse: (text: string) => Parsed<T>;

  /** @param absent - what stands for a variable that is not set; without it, the variable must be set. */
  constructor(parse: (text: string) => Parsed<T>, absent?: { readonly value: T }) {
    this.#parse = parse;
    this["~standard"] = {
      version: 1,
      vendor: "hawser",
      validate: (value) => {
        if (value === undefined && absent !== undefined) return { value: absent.value };
        if (typeof value !== "string") return { issues: [{ message: "must be set" }] };
        const parsed = parse(value);
        return "value" in parsed ? parsed : { issues: parsed.problems.map((message) => ({ message })) };
      },
    };
  }

  /** The same, with a value for a variable that is not set. */
  default(value: T): SettingSchema<T> {
    return new SettingSchema(this.#parse, { value });
  }

  /** The same, `undefined` where the variable is not set. */
  optional(): SettingSchema<T | undefined> {
    return new SettingSchema<T | undefined>(this.#parse, { value: undefined });
  }
}

/**
 * An absolute URL without credentials, query or fragment, as it was written.
 *
 * @param schemes - that it may have. @defaultValue "https:" and "http:"
 */
export function url(...schemes: readonly string[]): SettingSchema<string> {
  const allowed = schemes.length === 0 ? ["https:", "http:"] : schemes;
  return new SettingSchema((text) => {
    const problems: string[] = [];
    readBaseUrl(new OptionReader("", { url: text.trim() }, "", problems), "url", allowed);
    return problems.length === 0
      ? { value: text.trim() }
      : { problems: problems.map((problem) => problem.replace(/^url /, "")) };
  });
}

/** What is used and never shown: one line, blanks included. */
export function secret(): SettingSchema<Secret> {
  return new SettingSchema((text) =>
    // It goes into a header, where a newline in the middle of a mounted file would break the request line by line.
    text === "" || headerProblem("authorization", text) !== undefined
      ? { problems: ["must be one line without control characters"] }
      : { value: new Secret(text) },
  );
}

/** Milliseconds of `30` (seconds), `500ms`, `30s`, `2m` or `1h`; at least 1. */
export function duration(): SettingSchema<number> {
  return new SettingSchema((text) => given(parseDurationMs(text), durationInWords));
}

/** Bytes of `65536`, `512KB` (thousands) or `10MiB` (1024 times 1024); at least 1. */
export function size(): SettingSchema<number> {
  return new SettingSchema((text) => given(parseSizeBytes(text), sizeInWords));
}

/** @param min - the least that it may be. @defaultValue 0 */
export function wholeNumber(min = 0): SettingSchema<number> {
  return new SettingSchema((text) => {
    const isWhole = /^\d{1,9}$/.test(text.trim());
    return given(isWhole && Number(text) >= min ? Number(text) : undefined, `a whole number of at least ${min}`);
  });
}

/** One of these words, in this spelling. */
export function oneOf<const Word extends string>(...words: readonly Word[]): SettingSchema<Word> {
  return new SettingSchema((text) =>
    given(
      words.find((word) => word === text.trim()),
      `one of ${words.join(" | ")}`,
    ),
  );
}

/** Text that is no secret: what describes the settings shows it, as it does not show what other schemas make. */
export function plainText(): SettingSchema<string> {
  return new SettingSchema((text) => ({ value: text }));
}

const given = <T>(value: T | undefined, expected: string): Parsed<T> =>
  value === undefined ? { problems: [`must be ${expected}`] } : { value };
