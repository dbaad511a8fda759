import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { processEnvironment } from "../../src/core/environment.ts";
import * as v from "valibot";
import { z } from "zod";
import { ownFields, type SettingField } from "../../src/registry/setting-fields.ts";
import { duration, plainText, SettingSchema } from "../../src/registry/setting-schemas.ts";
import { readSettings, variablesOf } from "../../src/registry/settings.ts";
import type { SettingSchemas } from "../../src/registry/env-of.ts";

const folder = mkdtempSync(join(tmpdir(), "hawser-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

function mounted(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const key: SettingField = { suffixes: ["_API_KEY", "_KEY"], option: "apiKey", schema: plainText() };
const even: SettingField = {
  suffixes: ["_EVEN"],
  option: "even",
  schema: new SettingSchema((text) =>
    Number(text) % 2 === 0 ? { value: Number(text) } : { problems: ["must be even"] },
  ),
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

const own = (
  settings: SettingSchemas,
  env: Readonly<Record<string, string>>,
  isGiven?: (option: string) => boolean,
): { readonly values: object; readonly problems: readonly string[] } => {
  const source = { fields: ownFields(settings), prefix: "PAYMENTS", env };
  const { values, problems } = readSettings(isGiven === undefined ? source : { ...source, isGiven });
  return { values: Object.fromEntries([...values].map(([option, { value }]) => [option, value])), problems };
};

test("a setting of one's own is read by any Standard Schema, from the variable of its name", () => {
  const env = { PAYMENTS_MERCHANT_ID: "m-1", PAYMENTS_BATCH: "20", PAYMENTS_LINGER_MS: "2s" };
  const settings = { merchantId: z.string(), batch: v.pipe(v.string(), v.transform(Number)), lingerMs: duration() };
  expect(own(settings, env)).toEqual({ values: { merchantId: "m-1", batch: 20, lingerMs: 2_000 }, problems: [] });
});

test("a mounted file stands for a setting of one's own, too", () => {
  const path = mounted("merchant", "m-2\n");
  expect(own({ merchantId: z.string() }, { PAYMENTS_MERCHANT_ID_FILE: path }).values).toEqual({ merchantId: "m-2" });
});

test("a variable that is not set leaves it to the schema what holds", () => {
  const settings = {
    a: z.string().default("x"),
    b: z.string().optional(),
    c: duration().default(5),
    d: plainText().optional(),
  };
  expect(own(settings, {})).toEqual({ values: { a: "x", c: 5 }, problems: [] });
  const needed = own({ merchantId: z.string(), lingerMs: duration() }, {});
  expect(needed.problems).toEqual([
    "PAYMENTS_MERCHANT_ID is not set, and the schema of merchantId has no default",
    "PAYMENTS_LINGER_MS is not set, and the schema of lingerMs has no default",
  ]);
});

test("what the code gives counts where the variable is not set, and the schema is not asked", () => {
  const settings = { merchantId: z.string().default("of the schema") };
  expect(own(settings, {}, () => true)).toEqual({ values: {}, problems: [] });
  expect(own(settings, { PAYMENTS_MERCHANT_ID: "m" }, () => true).values).toEqual({ merchantId: "m" });
});

test("an asynchronous schema is refused, and one that throws is no crash", () => {
  const later = z.string().refine(async (text) => text !== "");
  const asynchronous = v.pipeAsync(
    v.string(),
    v.checkAsync(async () => true),
  );
  const broken = v.pipe(
    v.string(),
    v.transform((text) => JSON.parse(text) as unknown),
  );
  const env = { PAYMENTS_LATER: "hunter2", PAYMENTS_ASYNCHRONOUS: "hunter2", PAYMENTS_BROKEN: "hunter2" };
  const { problems } = own({ later, asynchronous, broken }, env);
  const why = "is asynchronous, or threw; settings are read at once, so give one that answers at once";
  expect(problems).toEqual([
    `PAYMENTS_LATER cannot be read: the schema of later ${why}`,
    `PAYMENTS_ASYNCHRONOUS cannot be read: the schema of asynchronous ${why}`,
    `PAYMENTS_BROKEN cannot be read: the schema of broken ${why}`,
  ]);
});

test("a problem says what was expected, and never what a schema quotes of the value", () => {
  const env = { PAYMENTS_PORT: "hunter2", PAYMENTS_REGION: "hunter2", PAYMENTS_CODE: "hunter2" };
  const port = v.pipe(v.string(), v.transform(Number), v.maxValue(65_535), v.integer());
  const { problems } = own({ port, region: v.picklist(["eu", "us"]), code: z.string().regex(/^\d+$/) }, env);
  expect(problems).toHaveLength(3);
  expect(problems[1]).toBe('PAYMENTS_REGION is not what is asked for: Invalid type: Expected ("eu" | "us")');
  expect(problems.join()).not.toMatch(/hunter2|NaN/);
  const custom = z.string().refine(() => false, { error: ({ input }) => `no such thing as ${String(input).slice(1)}` });
  expect(own({ custom }, { PAYMENTS_CUSTOM: "hunter2" }).problems).toEqual([
    "PAYMENTS_CUSTOM is not what the schema of custom asks for",
  ]);
});

test("an option whose name ends with file is given the text of its variable, and of the mounted file behind that", () => {
  const path = mounted("ca", "CERT");
  const fields = ownFields({ caFile: plainText() });
  const caFileOf = (env: Readonly<Record<string, string>>): unknown =>
    readSettings({ fields, prefix: "TLS", env }).values.get("caFile")?.value;
  expect(caFileOf({ TLS_CA_FILE: path })).toBe(path);
  expect(caFileOf({ TLS_CA_FILE_FILE: path })).toBe("CERT");
});

test("the byte order mark of a mounted file is no part of the value", () => {
  expect(read({ PAYMENTS_API_KEY_FILE: mounted("bom", "\uFEFFk\r\n") }).values.get("apiKey")?.value).toBe("k");
});
