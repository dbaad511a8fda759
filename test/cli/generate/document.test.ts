import { expect, test } from "vitest";
import { documentOf, resolved } from "../../../src/cli/generate/document.ts";

test.each([
  [{ swagger: "2.0" }, /is Swagger 2\.0: convert it to OpenAPI 3 first, with npx swagger2openapi/],
  [{ asyncapi: "3.0.0" }, /is AsyncAPI/],
  [{ name: "a-package" }, /is no OpenAPI document: it has no field openapi/],
  [[], /is no OpenAPI document/],
  ["text", /is no OpenAPI document/],
  [null, /is no OpenAPI document/],
  [{ openapi: "4.0.0" }, /is OpenAPI 4\.0\.0: 3\.0 and 3\.1 are understood/],
  [{ openapi: "3.10.0" }, /is OpenAPI 3\.10\.0/],
  [{ openapi: "3.1.0", paths: {} }, /has no paths/],
  [{ openapi: "3.1.0", paths: [1] }, /has no paths/],
])("what is no OpenAPI 3 is refused, in one line that says what it is: %j", (parsed, message) => {
  expect(() => documentOf(parsed, "api.yaml")).toThrow(message);
  expect(() => documentOf(parsed, "api.yaml")).toThrow(/^api\.yaml [^\n]*$/);
});

test("references are followed, those in a circle as far as to nowhere", () => {
  const root = { a: { $ref: "#/b" }, b: { $ref: "#/c~1d" }, "c/d": { x: 1 }, loop: { $ref: "#/loop" } };
  expect(resolved(root.a, root)).toEqual({ x: 1 });
  expect(resolved({ $ref: "other.yaml#/x" }, root)).toEqual({});
  expect(resolved({ $ref: "#/missing/x" }, root)).toEqual({});
  expect(resolved(root.loop, root)).toEqual({ $ref: "#/loop" });
});
