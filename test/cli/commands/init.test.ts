import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../command-under-test.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-init-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function project(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

const read = (path: string): string => readFileSync(join(folder, path), "utf8");
const init = (...args: readonly string[]) => run(["init", ...args], { cwd: folder });

describe("the files suit the project", () => {
  test.each([
    ["an empty one", { "package.json": "{}" }, ["services.mjs", "services.test.mjs"]],
    ["one of CommonJS", { "package.json": '{"type":"commonjs"}' }, ["services.mjs", "services.test.mjs"]],
    ["one of ES modules", { "package.json": '{"type":"module"}' }, ["services.js", "services.test.js"]],
    [
      "one with TypeScript",
      { "package.json": '{"type":"module","devDependencies":{"typescript":"7"}}' },
      ["services.ts", "services.test.ts"],
    ],
    [
      "one with a tsconfig.json",
      { "package.json": "{}", "tsconfig.json": "{}" },
      ["services.mts", "services.test.mts"],
    ],
    [
      "one with src/ and test/",
      { "package.json": '{"type":"module"}', "src/a.ts": "", "test/b.ts": "" },
      ["src/services.ts", "test/services.test.ts"],
    ],
  ])("%s", async (_what, files, [services = "", ownTest = ""]) => {
    project(files);
    const ran = await init();
    expect(ran).toMatchObject({ exitCode: 0, told: [] });
    expect(ran.stdout).toContain(
      `wrote ${services}\nwrote ${ownTest}\nwrote .env.example\n\nNext:\n  node --test ${ownTest} `,
    );
    expect(read(services)).toContain("export const services = defineServices({");
    expect(read(services).includes("id: string")).toBe(services.endsWith("ts"));
    expect(read(ownTest)).toContain(`from "${ownTest.startsWith("test/") ? "../" : "./"}${services}"`);
    expect(read(".env.example")).toContain("USERS_URL=");
  });

  test("vitest is used where the project has it", async () => {
    project({ "package.json": '{"type":"module","devDependencies":{"vitest":"5"}}' });
    expect((await init()).stdout).toContain("npx vitest run services.test.js ");
    expect(read("services.test.js")).toContain('from "vitest"');
  });

  test("a compiler that refuses imports of .ts files is told of", async () => {
    project({ "package.json": "{}", "tsconfig.json": "{}" });
    expect((await init()).stdout).toContain('"rewriteRelativeImportExtensions": true');
    project({ "tsconfig.json": '{\n  // "allowImportingTsExtensions": true,\n}' });
    expect((await init("--force")).stdout).toContain('"rewriteRelativeImportExtensions": true');
    project({ "tsconfig.json": '{ "compilerOptions": { "rewriteRelativeImportExtensions": true } }' });
    expect((await init("--force")).stdout).not.toContain("tsconfig.json");
  });
});

describe("what is there", () => {
  test("is not written over, and nothing else is written", async () => {
    project({ "package.json": '{"type":"module"}', "services.test.js": "mine" });
    expect(await init()).toEqual({
      exitCode: 2,
      stdout: "",
      told: ["hawser: services.test.js is there already: --force writes over it"],
    });
    expect(readdirSync(folder).toSorted()).toEqual(["package.json", "services.test.js"]);
    expect(read("services.test.js")).toBe("mine");
  });

  test("is written over with --force", async () => {
    project({ "package.json": '{"type":"module"}', "services.js": "mine" });
    expect(await init("--force")).toMatchObject({ exitCode: 0 });
    expect(read("services.js")).not.toContain("mine");
  });

  test(".env.example is added to, once", async () => {
    project({ "package.json": "{}", ".env.example": "PORT=1" });
    await init();
    await init("--force");
    expect(read(".env.example")).toMatch(/^PORT=1\n\n# What services\.users reads/);
    expect(read(".env.example").match(/USERS_URL/g)).toHaveLength(1);
  });
});

test("a folder of no package is refused", async () => {
  const ran = await run(["init"], { cwd: "/" });
  expect(ran).toMatchObject({
    exitCode: 2,
    told: [expect.stringContaining("no package.json here or above: npm init -y")],
  });
});

test("files that cannot be written are named", async () => {
  project({ "package.json": '{"type":"module"}' });
  mkdirSync(join(folder, "services.js"));
  const ran = await init("--force");
  expect(ran).toMatchObject({ exitCode: 2, told: ["hawser: services.js cannot be written (EISDIR)"] });
});
