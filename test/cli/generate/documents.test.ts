import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateFile } from "../../../src/cli/generate/generate-file.ts";

// Documents of services that are there, from 10 to 1,223 operations; what is generated of them is compiled as an
// application compiles it, as strictly as there is.
const root = new URL("../../../", import.meta.url).pathname;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-documents-"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
});
afterAll(() => rm(folder, { recursive: true }));

const compilerOptions = {
  noEmit: true,
  declaration: true,
  isolatedDeclarations: true,
  noPropertyAccessFromIndexSignature: true,
  typeRoots: [`${root}node_modules/@types`],
  paths: { hawser: [`${root}src/index.ts`] },
};

// A document of a thousand operations takes a compiler ten seconds, and a busy machine some times that. One that is given
// up goes on, in the folder of the next.
const compilesWithinMs = 300_000;

async function complaints(): Promise<string[]> {
  const files = ["client.ts", "use.ts", `${root}src/rest/undici-parts.d.ts`];
  const config = { extends: `${root}tsconfig.json`, compilerOptions, include: files };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = promisify(execFile)(process.execPath, [`${root}node_modules/.bin/tsc`, "-p", folder], { cwd: root });
  return tsc.then(
    () => [],
    ({ stdout }: { readonly stdout: string }) => stdout.trimEnd().split("\n").slice(0, 5),
  );
}

test.each([
  {
    source: "node_modules/@octokit/openapi/generated/api.github.com.json",
    name: "GitHub",
    operations: 1223,
    use: `
      const issues = await service.issuesListForRepo({ path: { owner: "a", repo: "b" }, params: { state: "open" } });
      export const titles: string[] = issues.map(({ title }) => title);
      const created = await service
        .postJson("/repos/{owner}/{repo}/issues", { path: { owner: "a", repo: "b" }, json: { title: "x" } })
        .safe();
      export const why: string | undefined = !created.ok && created.status === 422 ? created.error.body.message : undefined;
      // @ts-expect-error: no such path
      await service.getJson("/repos/{owner}/{repo}/isues", { path: { owner: "a", repo: "b" } });
      // @ts-expect-error: a repository has an owner
      await service.issuesListForRepo({ path: { repo: "b" } });`,
  },
  {
    source: "node_modules/@figma/rest-api-spec/openapi/openapi.yaml",
    name: "Figma",
    operations: 54,
    use: `
      const file = await service.getFile({ path: { file_key: "k" }, params: { depth: 1 } });
      export const name: string = file.name;
      // @ts-expect-error: its depth is a number
      await service.getFile({ path: { file_key: "k" }, params: { depth: "1" } });`,
  },
  {
    source: "node_modules/@scalar/galaxy/dist/3.1.yaml",
    name: "Galaxy",
    operations: 10,
    use: `
      const planet = await service.createPlanet({ json: { name: "Mars", type: "terrestrial" } });
      export const name: string = planet.name;
      // @ts-expect-error: of these, it is none
      await service.createPlanet({ json: { name: "Mars", type: "cube" } });`,
  },
])(
  "a client of $name compiles, and says what is wrong with a call",
  async ({ source, name, operations, use }) => {
    const generated = await generateFile({ source: `${root}${source}`, out: join(folder, "client.ts"), name });
    expect(generated.operations).toBe(operations);
    const head = `import { ${name} } from "./client.ts";\nconst service = new ${name}({ name: "service", baseUrl: ${name}.serverUrl });`;
    await writeFile(join(folder, "use.ts"), `${head}${use}\n`);
    expect(await complaints()).toEqual([]);
  },
  compilesWithinMs,
);

test("the client that the examples have is the one that is generated", async () => {
  const out = join(folder, "galaxy.ts");
  await generateFile({ source: `${root}node_modules/@scalar/galaxy/dist/3.1.yaml`, out, name: "Galaxy" });
  expect(await readFile(out, "utf8")).toBe(await readFile(`${root}examples/galaxy.ts`, "utf8"));
});
