import { describe, expect, test } from "vitest";
import { documentOf, type JsonObject, objectOf } from "../../../src/cli/generate/document.ts";
import { operationsOf, serverUrlOf } from "../../../src/cli/generate/operations.ts";

const json = { content: { "application/json": {} } };

function operationsIn(paths: JsonObject, components: JsonObject = {}) {
  const root = { openapi: "3.1.0", info: {}, paths, components };
  return operationsOf(documentOf(root, "api.json"), objectOf(root));
}

const only = (operation: JsonObject, method = "post") => operationsIn({ "/things": { [method]: operation } })[0];

describe("the operations of a document", () => {
  test("are those of its paths, and nothing else that stands there", () => {
    const item = { summary: "x", parameters: [], get: {}, trace: {}, "x-internal": {} };
    expect(operationsIn({ "/a": item }).map(({ method, path }) => `${method} ${path}`)).toEqual(["get /a"]);
  });

  test("are found behind references", () => {
    const components = { pathItems: { thing: { get: { operationId: "found" } } } };
    expect(operationsIn({ "/a": { $ref: "#/components/pathItems/thing" } }, components)[0]?.id).toBe("found");
  });

  test("have one line of summary", () => {
    expect(only({ summary: " two\n  lines " })?.summary).toBe("two lines");
  });
});

describe("an answer is asked for as JSON", () => {
  test.each([
    [{ 200: json, 404: { content: { "text/html": {} } } }, true],
    [{ 204: {} }, true],
    [{ 200: { content: { "application/problem+json": {} } } }, true],
    [{ 200: { content: { "*/*": {} } } }, true],
    [{ default: json }, true],
    [{ 200: { content: { "text/csv": {} } } }, false],
    [{ 200: json, 206: { content: { "application/octet-stream": {} } } }, false],
    [{ "2XX": { content: { "application/jsonl": {} } } }, false],
  ])("where all of success is JSON, or nothing: %j is %s", (responses, isJson) => {
    expect(only({ responses })?.hasJsonAnswer).toBe(isJson);
  });

  test("never of HEAD, which has no body", () => {
    expect(only({ responses: { 200: json } }, "head")?.hasJsonAnswer).toBe(false);
  });
});

test("a body has a type of its own where it is JSON under another name alone", () => {
  const typeOf = (...types: string[]) =>
    only({ requestBody: { content: Object.fromEntries(types.map((type) => [type, {}])) } })?.jsonType;
  expect(typeOf("application/vnd.api+json")).toBe("application/vnd.api+json");
  expect(typeOf("application/vnd.api+json", "application/json")).toBeUndefined();
  expect(typeOf("text/plain")).toBeUndefined();
});

describe("the URL of the service", () => {
  const urlOf = (servers: unknown, source = "api.json"): string | undefined =>
    serverUrlOf(documentOf({ openapi: "3.0.3", info: {}, paths: { "/a": {} }, servers }, source), source);

  test.each([
    [[{ url: "https://api.test/v1/" }], "https://api.test/v1"],
    [
      [{ url: "https://{host}/{v}", variables: { host: { default: "api.test" }, v: { default: "v2" } } }],
      "https://api.test/v2",
    ],
    [[{ url: "/v1" }], undefined],
    [[], undefined],
    [undefined, undefined],
    ["x", undefined],
  ])("of the servers %j is %s", (servers, url) => {
    expect(urlOf(servers)).toBe(url);
  });

  test("is relative to where the document was fetched", () => {
    expect(urlOf([{ url: "../v1" }], "https://api.test/docs/openapi.json")).toBe("https://api.test/v1");
  });
});
