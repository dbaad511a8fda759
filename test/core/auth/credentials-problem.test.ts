import { expect, test } from "vitest";
import { credentialsProblem } from "../../../src/core/auth/credentials-problem.ts";

test.each([
  [{}],
  [{ headers: undefined, query: undefined }],
  [{ isSignature: true }],
  [{ headers: { authorization: "Custom x" }, note: "of the provider's own" }],
  [{ headers: Object.assign(Object.create(null) as object, { a: "1" }), query: { a: "" } }],
])("%j are credentials", (given) => {
  expect(credentialsProblem(given)).toBeUndefined();
});

test.each<[string, object, string]>([
  ["headers without what holds them", { authorization: "s3cr3t" }, '"authorization" is neither headers nor query'],
  ["headers that are null", { headers: null }, "headers must be a plain object"],
  ["a list of headers", { headers: ["s3cr3t"] }, "headers must be a plain object"],
  ["the Headers of the fetch standard", { headers: new Headers({ a: "s3cr3t" }) }, "headers must be a plain object"],
  ["a query that is text", { query: "s3cr3t" }, "query must be a plain object"],
  ["search parameters", { query: new URLSearchParams("a=s3cr3t") }, "query must be a plain object"],
  ["a header with a line end", { headers: { "x-a": "s3cr3t\n" } }, "header x-a must not contain CR, LF"],
  ["a parameter that is no string", { query: { a: 5 } }, "the query parameter a must be a string"],
])("%s are none, and no value is shown", (_what, given, problem) => {
  expect(credentialsProblem(given)).toContain(problem);
  expect(credentialsProblem(given)).not.toContain("s3cr3t");
});
