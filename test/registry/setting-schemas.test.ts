import type { StandardSchemaV1 } from "@standard-schema/spec";
import { expect, test } from "vitest";
import { Secret } from "../../src/core/secret.ts";
import {
  duration,
  oneOf,
  plainText,
  secret,
  type SettingSchema,
  size,
  url,
  wholeNumber,
} from "../../src/registry/setting-schemas.ts";

const read = <T>(schema: SettingSchema<T>, value: unknown): StandardSchemaV1.Result<T> =>
  schema["~standard"].validate(value) as StandardSchemaV1.Result<T>;

test.each<[string, SettingSchema<unknown>, string, unknown]>([
  ["url", url(), " https://a.example/v1 ", "https://a.example/v1"],
  ["url of another scheme", url("redis:"), "redis://a.example", "redis://a.example"],
  ["duration", duration(), "2m", 120_000],
  ["size", size(), "10MiB", 10_485_760],
  ["wholeNumber", wholeNumber(1), " 3 ", 3],
  ["oneOf", oneOf("eu", "us"), " us", "us"],
  ["plainText", plainText(), " as it is ", " as it is "],
])("%s makes a value of the text", (_name, schema, text, value) => {
  expect(read(schema, text)).toEqual({ value });
});

test("secret hides what it read", () => {
  const result = read(secret(), " k ");
  expect(result).toEqual({ value: expect.any(Secret) });
  expect(JSON.stringify(result)).toBe('{"value":"[secret]"}');
});

test.each<[string, SettingSchema<unknown>, string, string]>([
  ["url", url(), "hunter2", "must be an absolute URL that starts with https:// or http://"],
  [
    "url",
    url(),
    "https://u:hunter2@a.example",
    "must not contain a user name or password: give them as apiKey, or as a header",
  ],
  ["secret", secret(), "hunter2\nhunter2", "must be one line without control characters"],
  ["secret", secret(), "", "must be one line without control characters"],
  ["duration", duration(), "hunter2", "must be a duration of at least 1 ms"],
  ["size", size(), "hunter2", "must be a size of at least 1 byte"],
  ["wholeNumber", wholeNumber(2), "1", "must be a whole number of at least 2"],
  ["oneOf", oneOf("eu", "us"), "hunter2", "must be one of eu | us"],
])("%s says what is expected, and not what it got", (_name, schema, text, message) => {
  const { issues = [] } = read(schema, text);
  expect(issues).toHaveLength(1);
  expect(issues[0]?.message).toContain(message);
  expect(issues[0]?.message).not.toContain("hunter2");
});

test("a variable that is not set must be, unless there is a default or it is optional", () => {
  expect(read(duration(), undefined).issues).toEqual([{ message: "must be set" }]);
  expect(read(duration(), 5).issues).toHaveLength(1);
  expect(read(duration().default(7), undefined)).toEqual({ value: 7 });
  expect(read(duration().default(7), "1s")).toEqual({ value: 1_000 });
  expect(read(duration().optional(), undefined)).toEqual({ value: undefined });
  expect(read(duration().default(7), "x").issues).toHaveLength(1);
});
