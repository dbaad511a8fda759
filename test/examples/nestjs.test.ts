import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { describeFrameworkExample } from "./framework-contract.ts";

const tsc = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, ["node_modules/.bin/tsc", ...args], {
    cwd: new URL("../../", import.meta.url),
  });

// Decorators have to be compiled; of other types, Node strips what it does not know.
beforeAll(() => tsc("-p", "examples/nestjs/tsconfig.json"));

describeFrameworkExample(["temp/examples-nestjs/main.js"]);

test("a name that there is not does not compile where it is injected", async () => {
  await expect(tsc("--noEmit", "-p", "test/types/nestjs/tsconfig.json")).resolves.toBeDefined();
});
