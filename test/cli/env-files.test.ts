import { expect, test } from "vitest";
import { join } from "node:path";
import { run, someFile } from "./command-under-test.ts";

const cwd = import.meta.dirname;

test("the last file is loaded first, for the loader leaves alone what is set", async () => {
  const loaded: string[] = [];
  await run(["describe", "--env-file", "a.env", "--env-file", "b.env", "--services", someFile], {
    loadEnvFile: (path) => void loaded.push(path),
  });
  expect(loaded).toEqual([join(cwd, "b.env"), join(cwd, "a.env")]);
});

test("files that cannot be read are all told", async () => {
  const ran = await run(["describe", "--env-file", "a.env", "--env-file", "b.env", "--services", someFile], {
    loadEnvFile: () => {
      throw Object.assign(new Error("no"), { code: "ENOENT" });
    },
  });
  expect(ran).toMatchObject({
    exitCode: 2,
    told: [
      "hawser: --env-file a.env cannot be read: there is no such file",
      "hawser: --env-file b.env cannot be read: there is no such file",
    ],
  });
});

test("without a .env, and without the option, none is loaded", async () => {
  const loaded: string[] = [];
  await run(["describe", "--services", someFile], { loadEnvFile: (path) => void loaded.push(path) });
  expect(loaded).toEqual([]);
});
