import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { env } from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { answerJson, httpServer } from "../support/http-server.ts";

// The way of somebody who has nothing yet: an empty folder, the package as it is published, and the first commands. What
// all of it may take together is a promise: two minutes, installing included.
const promisedMs = 120_000;
const root = new URL("../../", import.meta.url).pathname;
const startedAt = performance.now();

let folder: string;
let packed: { readonly filename: string; readonly size: number; readonly files: readonly { readonly path: string }[] };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "hawser-packed-"));
  // Without its script, which builds: whoever runs the tests has done that.
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root);
  [packed] = Object.values(JSON.parse(stdout) as Record<string, typeof packed>) as [typeof packed];
}, promisedMs);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs a program with the Node of this process first, and nothing of an npm that may run this test. */
function run(program: string, args: readonly string[], cwd: string = folder, more: NodeJS.ProcessEnv = {}) {
  const kept = Object.entries(env).filter(
    ([name]) => !/^(npm_(?!config_(registry|cache|userconfig)$)|INIT_CWD$|NODE_OPTIONS$|VITEST|NODE_ENV$)/i.test(name),
  );
  const PATH = dirname(process.execPath) + delimiter + (env["PATH"] ?? "");
  return promisify(execFile)(program, args, { cwd, env: { ...Object.fromEntries(kept), PATH, ...more } });
}

test("the tarball has what runs and its types, and is below 400 KB", () => {
  const paths = packed.files.map(({ path }) => path);
  expect(packed.size).toBeLessThan(400_000);
  expect(paths).toEqual(expect.arrayContaining(["dist/index.js", "dist/index.d.ts", "dist/cli/start.js", "README.md"]));
  // No source, no example, no test; of TypeScript, declarations alone.
  expect(paths.filter((path) => /^(src|test|examples|bench|sandbox|scripts|docs)\//.test(path))).toEqual([]);
  expect(paths.filter((path) => /(?<!\.d)\.[cm]?ts$|\.test\.|\.map$/.test(path))).toEqual([]);
});

test(
  "an empty folder has its first services, a green test and a check in under two minutes",
  async () => {
    await using server = await httpServer(answerJson({}));
    await run("npm", ["init", "-y"]);
    await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", join(folder, packed.filename)]);

    const { stdout: written } = await run("npx", ["hawser", "init"]);
    const [, ownTest = ""] = /^wrote (\S+\.test\.\S+)$/m.exec(written) ?? [];
    const { stdout: tested } = await run("node", ["--test", ownTest]);
    expect(tested).toMatch(/pass [1-9]/);
    expect(tested).toMatch(/fail 0/);

    await expect(run("npx", ["hawser", "check"])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^hawser: users: USERS_URL is not set: .*\n$/),
    });
    const { stdout: checked } = await run("npx", ["hawser", "check"], folder, { USERS_URL: server.url });
    expect(checked).toMatch(/^✔ pass {2}users /);
    expect(performance.now() - startedAt).toBeLessThan(promisedMs);
  },
  promisedMs,
);

test("ES modules import it, and CommonJS requires it", async () => {
  const names = Object.keys(
    (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: object }).exports,
  );
  const source = (load: string): string => `console.log(typeof ${load}.defineServices)`;
  const imported = await run("node", ["--input-type=module", "-e", source('(await import("hawser"))')]);
  const required = await run("node", ["--input-type=commonjs", "-e", source('require("hawser")')]);
  expect([imported, required]).toEqual([
    { stdout: "function\n", stderr: "" },
    { stdout: "function\n", stderr: "" },
  ]);
  // A subpath whose optional peer is not installed names that peer, and nothing of its own.
  for (const name of names.filter((path) => path !== "." && !path.endsWith(".json"))) {
    const specifier = `hawser${name.slice(1)}`;
    const code = `import("${specifier}").then(() => "ok", (e) => e.message).then(console.log)`;
    const { stdout } = await run("node", ["-e", code]);
    expect(`${specifier}: ${stdout}`).toMatch(/: ok\n$|: Cannot find package '(?!hawser)/);
  }
});
