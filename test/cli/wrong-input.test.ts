import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hawser, UserFolder } from "./built-process.ts";

// Over the real built process: of all that can be wrong, one line each says what to do, without a stack trace, and the
// exit code is 2.

let folder: UserFolder;

const services = `import { defineServices, rest, ws } from "hawser";
export const services = defineServices({
  payments: rest({ idempotency: true }),
  prices: ws({ endpoint: "/stream" }),
});
`;
const right = { PAYMENTS_URL: "http://127.0.0.1:9", PRICES_URL: "ws://127.0.0.1:9" };

beforeAll(() => {
  folder = new UserFolder({ "services.ts": services });
});

afterAll(() => {
  folder[Symbol.dispose]();
});

async function refusalOf(args: readonly string[], env: Readonly<Record<string, string>> = right): Promise<string[]> {
  const { exitCode, stdout, stderr } = await hawser(folder, args, { env });
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).toMatch(/\n$/);
  const lines = stderr.split("\n").slice(0, -1);
  for (const line of lines) expect(line).toMatch(/^hawser: /);
  return lines.map((line) => line.slice("hawser: ".length));
}

describe("wrong settings", () => {
  test.each([
    ["no URL", { PAYMENTS_URL: "" }, "payments: PAYMENTS_URL is not set: set it to the service's URL"],
    ["a URL that is none", { PAYMENTS_URL: "payments.example" }, "payments: PAYMENTS_URL "],
    ["a URL of another scheme", { PAYMENTS_URL: "ftp://payments.example" }, "payments: PAYMENTS_URL "],
    ["a URL with a password", { PAYMENTS_URL: "http://ann:hunter2@127.0.0.1" }, "payments: PAYMENTS_URL "],
    ["a stream's URL of another scheme", { PRICES_URL: "ftp://prices.example" }, "prices: PRICES_URL "],
    ["a timeout that is no duration", { PAYMENTS_TIMEOUT: "hunter2" }, "payments: PAYMENTS_TIMEOUT must be a duration"],
    ["retries that are no number", { PAYMENTS_MAX_RETRIES: "-1" }, "payments: PAYMENTS_MAX_RETRIES must be a whole"],
    ["no connections", { PAYMENTS_MAX_CONNECTIONS: "0" }, "payments: PAYMENTS_MAX_CONNECTIONS must be a whole"],
    [
      "a secret's file that is not there",
      { PAYMENTS_API_KEY_FILE: "/hunter2" },
      "payments: PAYMENTS_API_KEY_FILE must be",
    ],
    ["a key of two lines", { PAYMENTS_API_KEY: "hunter2\nhunter2" }, "payments: PAYMENTS_API_KEY must be one line"],
    [
      "a key given twice",
      { PAYMENTS_API_KEY: "hunter2", PAYMENTS_KEY: "b" },
      "payments: PAYMENTS_API_KEY and PAYMENTS_KEY",
    ],
    ["limits that contradict", { PAYMENTS_TIMEOUT: "1", PAYMENTS_ATTEMPT_TIMEOUT: "2" }, "payments: "],
  ])("%s", async (_what, env, problem) => {
    const told = await refusalOf(["check"], { ...right, ...env });
    expect(told).toEqual([expect.stringContaining(problem)]);
    expect(told.join("")).not.toContain("hunter2");
  });

  test("several are all told, a line each", async () => {
    expect(await refusalOf(["check"], { PAYMENTS_TIMEOUT: "soon" })).toEqual([
      expect.stringContaining("PAYMENTS_TIMEOUT must be"),
      expect.stringContaining("PAYMENTS_URL is not set"),
      expect.stringContaining("PRICES_URL is not set"),
    ]);
  });

  test.each([
    ["call", "PAYMENTS_URL", ["payments", "GET", "/"]],
    ["tail", "PRICES_URL", ["prices"]],
  ])("%s tells those of its service, and no others", async (command, variable, args) => {
    expect(await refusalOf([command, ...args], {})).toEqual([expect.stringContaining(`${variable} is not set`)]);
  });
});

describe("wrong commands", () => {
  test.each([
    [["chek"], "unknown command 'chek' (did you mean check?); see hawser --help"],
    [["check", "--jsno"], "unknown option '--jsno' (did you mean --json?); see hawser check --help"],
    [["check", "paymnets"], "no service is named paymnets (did you mean payments?)"],
    [["describe", "payments"], "too many arguments for 'describe'"],
    [
      ["check", "--timeout", "soon"],
      "option '-t, --timeout <duration>' argument 'soon' is invalid. It must be a duration",
    ],
    [["check", "--services", "nosuch.ts"], "--services nosuch.ts: there is no such file"],
    [["check", "-e", "nosuch.env"], "--env-file nosuch.env cannot be read: there is no such file"],
    [["call", "payments"], "missing required argument 'method'; see hawser call --help"],
    [["call", "paymnets", "GET", "/"], "no service is named paymnets (did you mean payments?)"],
    [["call", "payments", "POST", "/", "--json-body", "{a:1}"], "--json-body is no JSON"],
    [["call", "payments", "POST", "/", "--data", "@nosuch"], "--data @nosuch cannot be read (ENOENT)"],
    [["call", "payments", "GET", "/", "--header", "hunter2"], '--header must be "name: value"'],
    [["tail", "feed"], "no service is named feed: known are payments, prices"],
    [["tail", "prices", "--count", "none"], "It must be a whole number of at least 1"],
    [["init"], "services.ts is there already: --force writes over it"],
  ])("hawser %j", async (args, problem) => {
    const told = await refusalOf(args);
    expect(told).toEqual([expect.stringContaining(problem)]);
    expect(told.join("")).not.toContain("hunter2");
  });
});

// Node takes this option for one of its own, wherever it stands, and ends before the program runs.
test("an --env-file that is not there is one line of Node's own", async () => {
  const ended = await hawser(folder, ["check", "--env-file", "nosuch.env"], { env: right });
  expect(ended.exitCode).toBeGreaterThan(1);
  expect(ended.stderr).toMatch(/^\S+ .*nosuch\.env.*\n$/);
});

describe("services files that Node cannot load", () => {
  const cases: readonly (readonly [what: string, files: Readonly<Record<string, string>>, problem: string])[] = [
    [
      "an enum",
      { "x.ts": "\nexport enum A { b }" },
      "x.ts:2: TypeScript enum is not supported: Node strips types and no more",
    ],
    [
      "a parameter property",
      { "x.ts": "class A { constructor(private a: 1) {} }" },
      "TypeScript parameter property is not supported",
    ],
    ["a syntax error", { "x.ts": "const a: = 1;" }, "x.ts:1: syntax error: Unexpected token"],
    ["a decorator", { "x.ts": "@a class A {}" }, "such as a decorator: build, and name the built file with --services"],
    ["JSX", { "x.tsx": "" }, 'Unknown file extension ".tsx"'],
    [
      "an import without its ending",
      { "x.ts": 'import "./clients/a";', "clients/a.ts": "" },
      "x.ts imports ./clients/a, and Node wants the name of the file: write ./clients/a.ts",
    ],
    [
      "an import by the name of the built file",
      { "x.ts": 'import "./clients/a.js";', "clients/a.ts": "" },
      "x.ts imports ./clients/a.js, and Node wants the name of the file: write ./clients/a.ts",
    ],
    ["an import of a folder", { "x.ts": 'import "./clients";', "clients/index.ts": "" }, "write ./clients/index.ts"],
    ["an import of nothing", { "x.ts": 'import "./nowhere.ts";' }, "x.ts imports ./nowhere.ts, which is not there"],
    [
      "a package that is not installed, further down",
      { "x.ts": 'import "./deep/a.ts";', "deep/a.ts": 'import "no-such-package";' },
      "deep/a.ts imports the package no-such-package, which is not installed: npm install no-such-package",
    ],
    ["an alias", { "x.ts": 'import "@/clients/a";' }, "x.ts imports @/clients, an alias that Node does not know"],
    [
      "a type that is imported as a value",
      { "x.ts": 'import { A } from "./clients/t.ts";', "clients/t.ts": "export interface A {}" },
      "./clients/t.ts has no export A: where it is a type, write import { type A }",
    ],
    [
      "a module in a package of CommonJS",
      { "cjs/package.json": '{"type":"commonjs"}', "cjs/x.ts": 'import "node:fs";' },
      "it is written as an ES module, and package.json says otherwise",
    ],
    ["a file that throws", { "x.ts": "\n\n  null.a;" }, "x.ts:3:8: TypeError: Cannot read properties of null"],
    ["a file that exports a function alone", { "x.ts": "export const create = () => 1;" }, "x.ts exports no registry"],
    [
      "a wrong definition",
      { "x.ts": 'import { defineServices } from "hawser"; export const services = defineServices({ a: 1 });' },
      "a must be made by ",
    ],
  ];

  test.each(cases)("%s", async (_what, files, problem) => {
    folder.write(files);
    const name = Object.keys(files).find((path) => /(^|\/)x\./.test(path)) ?? "";
    expect(await refusalOf(["describe", "--services", name])).toEqual([expect.stringContaining(problem)]);
  });
});
