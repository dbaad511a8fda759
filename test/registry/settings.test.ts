import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { processEnvironment } from "../../src/core/environment.ts";
import { readSettings, type SettingField, variablesOf } from "../../src/registry/settings.ts";

const folder = mkdtempSync(join(tmpdir(), "hawser-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

function mounted(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const key: SettingField = { suffixes: ["_API_KEY", "_KEY"], option: "apiKey", parse: (text) => text };
const even: SettingField = {
  suffixes: ["_EVEN"],
  option: "even",
  parse(text, variable, report) {
    if (Number(text) % 2 !== 0) report(`${variable} must be even`);
    return Number(text);
  },
};

const read = (env: Readonly<Record<string, string | undefined>>): ReturnType<typeof readSettings> =>
  readSettings({ fields: [key, even], prefix: "PAYMENTS", env });

test("a variable that is set fills its option, and the option knows where it came from", () => {
  const { values, problems } = read({ PAYMENTS_API_KEY: "k", PAYMENTS_EVEN: "2", OTHER_KEY: "x" });
  expect([...values]).toEqual([
    ["apiKey", { value: "k", variable: "PAYMENTS_API_KEY" }],
    ["even", { value: 2, variable: "PAYMENTS_EVEN" }],
  ]);
  expect(problems).toEqual([]);
});

test("both spellings of a variable count", () => {
  expect(read({ PAYMENTS_KEY: "k" }).values.get("apiKey")?.value).toBe("k");
});

test("an empty variable counts as not set", () => {
  const { values, problems } = read({ PAYMENTS_API_KEY: "", PAYMENTS_KEY: "k", PAYMENTS_EVEN: "" });
  expect([...values.keys()]).toEqual(["apiKey"]);
  expect(problems).toEqual([]);
});

test("two variables for one setting are a problem, for nobody knows which is meant", () => {
  const path = mounted("key", "k");
  expect(read({ PAYMENTS_API_KEY: "k", PAYMENTS_KEY: "k" }).problems).toEqual([
    "PAYMENTS_API_KEY and PAYMENTS_KEY are set, and mean the same: keep one of them",
  ]);
  expect(read({ PAYMENTS_API_KEY: "k", PAYMENTS_API_KEY_FILE: path }).problems).toEqual([
    "PAYMENTS_API_KEY and PAYMENTS_API_KEY_FILE are set, and mean the same: keep one of them",
  ]);
});

test("X_FILE is the path of a mounted secret, and its last newline is not part of it", () => {
  for (const [text, value] of [
    ["k", "k"],
    ["k\n", "k"],
    ["k\r\n", "k"],
    ["k\n\n", "k\n"],
    [" k ", " k "],
  ] as const) {
    const { values } = read({ PAYMENTS_API_KEY_FILE: mounted("secret", text) });
    expect(values.get("apiKey")).toEqual({ value, variable: "PAYMENTS_API_KEY_FILE" });
  }
});

test("a mounted secret that cannot be read, or is empty, is a problem that shows no path", () => {
  const missing = read({ PAYMENTS_API_KEY_FILE: join(folder, "nowhere") });
  expect(missing.problems).toEqual(["PAYMENTS_API_KEY_FILE must be the path of a file that can be read (ENOENT)"]);
  const empty = read({ PAYMENTS_API_KEY_FILE: mounted("empty", "\n") });
  expect(empty.problems).toEqual(["PAYMENTS_API_KEY_FILE must be the path of a file that is not empty"]);
  expect([...missing.values, ...empty.values]).toEqual([]);
});

test("a value that does not parse is a problem, and fills nothing", () => {
  const { values, problems } = read({ PAYMENTS_EVEN: "3" });
  expect(problems).toEqual(["PAYMENTS_EVEN must be even"]);
  expect(values.size).toBe(0);
});

test("a field is read from every spelling, with and without _FILE", () => {
  expect(variablesOf(key, "P")).toEqual(["P_API_KEY", "P_API_KEY_FILE", "P_KEY", "P_KEY_FILE"]);
});

test("the environment of the process is there to be read", () => {
  expect(processEnvironment()["PATH"]).toEqual(expect.any(String));
});
