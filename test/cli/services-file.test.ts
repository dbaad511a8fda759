import { defineServices } from "hawser";
import { describe, expect, test } from "vitest";
import { registryIn } from "../../src/cli/services-file.ts";
import { run, someFile } from "./command-under-test.ts";

const one = defineServices({});
const other = defineServices({});

describe("which registry is meant", () => {
  test("the export named services, before the default, before the only other", () => {
    expect(registryIn({ default: other, services: one }, "a.ts")).toBe(one);
    expect(registryIn({ a: other, default: one }, "a.ts")).toBe(one);
    expect(registryIn({ mine: one, createServices: () => other }, "a.ts")).toBe(one);
  });

  test("that of a CommonJS file is within its default", () => {
    expect(registryIn({ default: { services: one } }, "a.cjs")).toBe(one);
  });

  test("none, and several, are refused with what to do", () => {
    expect(() => registryIn({ createServices: () => one }, "a.ts")).toThrow(
      "a.ts exports no registry: export const services = defineServices({ … })",
    );
    expect(() => registryIn(undefined, "a.ts")).toThrow("a.ts exports no registry");
    expect(() => registryIn({ a: one, b: other }, "a.ts")).toThrow(
      "a.ts exports several registries (a, b): export the one to use as services",
    );
  });
});

test("a file that is not there is refused", async () => {
  const ran = await run(["describe", "--services", "nosuch.ts"]);
  expect(ran).toMatchObject({ exitCode: 2, told: ["hawser: --services nosuch.ts: there is no such file"] });
});

test("without a file in the usual places, init is offered", async () => {
  const ran = await run(["describe"]);
  expect(ran).toMatchObject({ exitCode: 2, told: [expect.stringContaining("no services file here: npx hawser init")] });
});

test("a file that hangs while it is loaded can be interrupted", async () => {
  const ending = new AbortController();
  const ran = run(["describe", "--services", someFile], {
    signal: ending.signal,
    importModule: () => {
      ending.abort(new Error("enough"));
      return new Promise(() => undefined);
    },
  });
  expect(await ran).toMatchObject({ exitCode: 1, told: ["hawser: Error: enough"] });
});
