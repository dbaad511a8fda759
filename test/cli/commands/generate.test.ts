import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Interruption } from "../../../src/cli/context.ts";
import { answerNothing, httpServer } from "../../support/http-server.ts";
import { UserFolder } from "../built-process.ts";
import { run } from "../command-under-test.ts";

const document = `openapi: 3.1.0
info: { title: Users, version: "1.0" }
paths:
  /users/{id}:
    get:
      operationId: getUser
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { "200": { description: A user. } }
`;

let folder: UserFolder;

beforeEach(() => {
  folder = new UserFolder({ "openapi.yaml": document });
});

afterEach(() => {
  folder[Symbol.dispose]();
});

const generate = (...args: readonly string[]) => run(["generate", ...args], { cwd: folder.path });
const read = (name: string): string => readFileSync(join(folder.path, name), "utf8");

test("types and a client are written into one file, from where the command is given", async () => {
  expect(await generate("openapi.yaml", "--out", "users.ts")).toEqual({
    exitCode: 0,
    stdout: "wrote users.ts: class Users with 1 operation\n",
    told: [],
  });
  expect(read("users.ts")).toMatch(/export interface paths[\s\S]*class Users extends RESTService<paths>/);
});

test("--name is the name of the class", async () => {
  await generate("openapi.yaml", "-o", "users.ts", "--name", "People");
  expect(read("users.ts")).toContain("class People extends");
});

test("a file that was generated is replaced, and another one only with --force", async () => {
  await generate("openapi.yaml", "-o", "users.ts");
  expect(await generate("openapi.yaml", "-o", "users.ts")).toMatchObject({ exitCode: 0 });
  writeFileSync(join(folder.path, "users.ts"), "mine");
  expect(await generate("openapi.yaml", "-o", "users.ts")).toMatchObject({ exitCode: 2, stdout: "" });
  expect(read("users.ts")).toBe("mine");
  expect(await generate("openapi.yaml", "-o", "users.ts", "--force")).toMatchObject({ exitCode: 0 });
});

test("Ctrl-C ends the fetch of a document with 130", async () => {
  const ending = new AbortController();
  await using server = await httpServer((...given) => {
    answerNothing(...given);
    ending.abort(new Interruption("SIGINT"));
  });
  const ran = await run(["generate", `${server.url}/openapi.json`, "-o", "users.ts"], {
    cwd: folder.path,
    signal: ending.signal,
  });
  expect(ran).toEqual({ exitCode: 130, stdout: "", told: [] });
});

describe("what it cannot be done with is one line, and 2", () => {
  test.each([
    [["nosuch.yaml", "-o", "a.ts"], "nosuch.yaml cannot be read: there is no such file"],
    [["openapi.yaml"], "required option '-o, --out <file>' not specified; see hawser generate --help"],
    [["openapi.yaml", "-o", "no/a.ts"], "no/a.ts cannot be written: the folder no is not there"],
    [["openapi.yaml", "-o", "a.ts", "--name", "a b"], '"a b" cannot be the name of the class'],
    [["package.json", "-o", "a.ts"], "package.json "],
  ])("%j", async (args, problem) => {
    const ran = await generate(...args);
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.told).toEqual([expect.stringContaining(problem)]);
    // Named as they were given, whatever the folder.
    expect(ran.told.join("")).not.toContain(folder.path);
  });
});
