import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

test("the declarations need no types but Node's, where nothing else is installed", async () => {
  const entries = ["hawser", "hawser/testing", "hawser/testing/node"];
  writeFileSync(join(folder, "consumer.ts"), entries.map((entry) => `import "${entry}";\n`).join(""));
  const strict = ["--strict", "--noEmit", "--skipLibCheck", "false", "--module", "nodenext", "--target", "es2024"];
  const nodeTypes = [
    "--lib",
    "es2024,esnext.disposable",
    "--types",
    "node",
    "--typeRoots",
    join(root, "node_modules/@types"),
  ];
  const compiled = await run(join(root, "node_modules/.bin/tsc"), [...strict, ...nodeTypes, "consumer.ts"]);
  expect(compiled).toEqual({ stdout: "", stderr: "" });
});

test("each module is in one file, so that there is one of its state in a process", () => {
  const dist = join(folder, "node_modules/hawser/dist");
  const filesOf = new Map<string, Set<string>>();
  for (const file of readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"))) {
    for (const [, module = ""] of readFileSync(join(dist, file), "utf8").matchAll(/^\/\/ dist\/(\S+)$/gm)) {
      filesOf.set(module, (filesOf.get(module) ?? new Set()).add(file));
    }
  }
  expect(filesOf.size).toBeGreaterThan(300);
  expect([...filesOf].filter(([, files]) => files.size > 1)).toEqual([]);
  // Such as what carries the limits of a request from a framework to the calls.
  expect([...filesOf.keys()]).toContain("core/request-scope.js");
});

test("what a subpath puts in force holds for what is imported from another", async () => {
  const code = `
    import { createServer } from "node:http";
    import { currentRequest, defineServices, isServiceResponseError, rest, silentLogger } from "hawser";
    import { hawser } from "hawser/express";
    import { mockTransport } from "hawser/testing";
    const mock = mockTransport();
    mock.on("GET", "/a").reply(404, {});
    const users = rest({ baseUrl: "https://users.example.com" });
    const services = defineServices({ users }, { logger: silentLogger, env: {}, defaults: { rest: { dispatcher: mock } } });
    await services.start();
    const enter = hawser({ services, requestTimeoutMs: 5_000 });
    const server = createServer((request, response) => {
      response.locals = {};
      enter(request, response, async () => {
        const failed = await services.get("users").get("/a").safe();
        response.end(JSON.stringify([currentRequest()?.remainingMs() <= 5_000, isServiceResponseError(failed.error)]));
      });
    });
    await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
    console.log(await (await fetch("http://127.0.0.1:" + server.address().port)).text());
    server.close();
    await services.stop();
  `;
  expect(await run("node", ["--input-type=module", "-e", code])).toEqual({ stdout: "[true,true]\n", stderr: "" });
});

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
