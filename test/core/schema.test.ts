import { inspect } from "node:util";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { isSchema, validate } from "../../src/core/schema.ts";

const schemas = [
  ["zod", z.object({ id: z.string(), lines: z.array(z.object({ price: z.number() })) })],
  ["valibot", v.object({ id: v.string(), lines: v.array(v.object({ price: v.number() })) })],
] as const;

describe.each(schemas)("a schema of %s", (_library, schema) => {
  test("gives back a value that matches", async () => {
    const value = { id: "p_1", lines: [{ price: 5 }] };
    expect(await validate(schema, value)).toEqual({ isValid: true, value });
  });

  test("says where a value does not match, as a dotted path", async () => {
    const validated = await validate(schema, { id: "p_1", lines: [{ price: "sk_live_1" }] });
    expect(validated).toMatchObject({ isValid: false, issues: [{ path: "lines.0.price" }] });
  });

  test("has the value itself as an empty path", async () => {
    expect(await validate(schema, "text")).toMatchObject({ isValid: false, issues: [{ path: "" }] });
  });
});

describe("validation", () => {
  test("an issue's message can be read, but is not shown: it may quote the value", async () => {
    const validated = await validate(v.object({ id: v.number() }), { id: "sk_live_1" });
    if (validated.isValid) throw new Error("it should not match");
    expect(validated.issues[0]?.message).toContain("sk_live_1");
    expect(inspect(validated)).not.toContain("sk_live_1");
    expect(JSON.stringify(validated)).not.toContain("sk_live_1");
  });

  test("a schema that needs time is waited for", async () => {
    const known = z.string().refine((id) => Promise.resolve(id === "p_1"));
    expect(await validate(known, "p_1")).toEqual({ isValid: true, value: "p_1" });
    expect(await validate(known, "p_2")).toMatchObject({ isValid: false });
  });

  test("a schema that needs none says so at once", () => {
    expect(validate(z.string(), "p_1")).toEqual({ isValid: true, value: "p_1" });
    expect(validate(z.string(), 5)).toMatchObject({ isValid: false });
  });

  test("what the schema makes of a value is what comes out", async () => {
    const schema = v.pipe(v.string(), v.transform(Number));
    expect(await validate(schema, "5")).toEqual({ isValid: true, value: 5 });
  });

  test("an issue without a path has an empty one", async () => {
    const schema: StandardSchemaV1 = {
      "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [{ message: "no" }] }) },
    };
    expect(await validate(schema, 1)).toMatchObject({ isValid: false, issues: [{ path: "" }] });
  });
});

describe("what a schema is", () => {
  test("an object or a function that follows Standard Schema is one", () => {
    expect(isSchema(z.string())).toBe(true);
    expect(isSchema(Object.assign(() => 1, { "~standard": {} }))).toBe(true);
  });

  test.each([[null], [{}], ["schema"], [(x: unknown) => x], [undefined]])("%s is none", (value) => {
    expect(isSchema(value)).toBe(false);
  });
});
