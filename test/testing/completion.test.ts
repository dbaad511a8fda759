import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { beforeAll, expect, test } from "vitest";

const root = new URL("../../", import.meta.url).pathname;
const file = join(root, "test/testing/completed.ts");

const prologue = `
import { mockTransport } from "../../src/testing/index.ts";
interface paths {
  "/users/{id}": {
    get: { responses: { 200: { content: { "application/json": { id: string; name: string } } }; 404: { content?: never } } };
    post?: never;
  };
  "/users": { post: { responses: { 201: { content: { "application/json": { id: string } } } } } };
}
const mock = mockTransport<paths>();
`;

let text = "";
let version = 0;
let service: ts.LanguageService;

beforeAll(() => {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (name) => ts.sys.readFile(name)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  service = ts.createLanguageService({
    getScriptFileNames: () => [file],
    getScriptVersion: (name) => (name === file ? String(version) : "0"),
    getScriptSnapshot: (name) =>
      name === file || ts.sys.fileExists(name)
        ? ts.ScriptSnapshot.fromString(name === file ? text : readFileSync(name, "utf8"))
        : undefined,
    getCurrentDirectory: () => root,
    getCompilationSettings: () => options,
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
    fileExists: (name) => name === file || ts.sys.fileExists(name),
    readFile: (name) => ts.sys.readFile(name),
    directoryExists: (name) => ts.sys.directoryExists(name),
    getDirectories: (name) => ts.sys.getDirectories(name),
  });
});

/** What an editor offers where the code has a bar. */
function offered(code: string): string[] {
  const [before = "", after = ""] = code.split("|");
  text = prologue + before + after;
  version += 1;
  const found = service.getCompletionsAtPosition(file, prologue.length + before.length, undefined);
  return (found?.entries ?? []).map(({ name }) => name).toSorted();
}

test.each([
  ["the methods", 'mock.on("|")', ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]],
  ["the paths that have the method", 'mock.on("GET", "|")', ["/users/{id}"]],
  ["and those of another method", 'mock.on("POST", "|")', ["/users"]],
  [
    "the faults",
    'mock.on("POST", "/users").fail("|")',
    ["closed", "connect-timeout", "dns", "hang", "malformed", "refused", "reset", "tls"],
  ],
  ["the fields of the body", 'mock.on("GET", "/users/{id}").reply(200, { | })', ["id", "name"]],
  [
    "the names in the path",
    'mock.on("GET", "/users/{id}").reply(200, ({ params }) => ({ id: params.|, name: "" }))',
    ["id"],
  ],
])("an editor offers %s", (_what, code, names) => {
  expect(offered(code)).toEqual(names);
});
