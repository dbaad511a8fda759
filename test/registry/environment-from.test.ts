import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { environmentFrom } from "../../src/registry/environment-from.ts";
import { httpServer } from "../support/http-server.ts";
import { refusalOf } from "../support/configuration.ts";
import { failureOf, Payments } from "../support/rest-client.ts";

const folder = mkdtempSync(join(tmpdir(), "hawser-env-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test("later files win over earlier ones, and variables that are not empty over all files", () => {
  const files = [file("a", "A=1\nB=1\nC=1\nD=1\n"), file("b", "B=2\nC=2\n")];
  expect(environmentFrom(files, { C: "3", D: "", E: "3" })()).toEqual({ A: "1", B: "2", C: "3", D: "1", E: "3" });
});

test("files are read as Node reads them", () => {
  const path = file("c", '\uFEFFA="x y" # said\nexport B=\'2\'\n# C=3\n\nD="1\n2"\n');
  expect(environmentFrom(path, {})()).toEqual({ A: "x y", B: "2", D: "1\n2" });
});

test("nothing is written to the environment of the process, and that is what counts without another", () => {
  const name = "HAWSER_TEST_OF_ENVIRONMENT_FILES";
  const read = environmentFrom(file("d", `${name}=1\nPATH=hidden\n`))();
  expect(read[name]).toBe("1");
  expect(read["PATH"]).not.toBe("hidden");
  expect(environmentFrom([])()[name]).toBeUndefined();
});

test("every file that cannot be read is told, but for an optional one that is not there", () => {
  const missing = join(folder, "nowhere");
  const refusal = refusalOf(environmentFrom([missing, { path: join(missing, "x"), optional: true }, folder], {}));
  expect(refusal.problems).toEqual([
    `the file of variables ${missing} cannot be read (ENOENT): create it, or say that it is optional`,
    `the file of variables ${folder} cannot be read (EISDIR): create it, or say that it is optional`,
  ]);
});

test("a registry reads its files when it starts, and again when it is reloaded", async () => {
  await using server = await httpServer();
  const path = join(folder, "services.env");
  await using services = defineServices(
    { payments: rest(Payments) },
    { logger: silentLogger, env: environmentFrom(path, {}) },
  );
  expect(() => services.describe()).toThrow("services.env cannot be read (ENOENT)");
  file("services.env", `PAYMENTS_URL=${server.url}\nPAYMENTS_KEY=one\n`);
  await services.start();
  await services.get("payments").get("/x");
  file("services.env", `PAYMENTS_URL=${server.url}\nPAYMENTS_KEY=two\n`);
  await services.reload();
  await services.get("payments").get("/x");
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer one", "Bearer two"]);
});

test("a function that gives a promise of variables, or none, is refused", async () => {
  for (const env of [async () => ({ A_URL: "https://a.example" }), () => undefined]) {
    const services = defineServices({ a: rest() }, { logger: silentLogger, env: env as never });
    expect((await failureOf(services.start(), isServiceConfigurationError)).problems).toEqual([
      "env must give an object of variables at once: what takes time is awaited before start() or reload()",
    ]);
  }
});
