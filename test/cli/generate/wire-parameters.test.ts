import { expect, test } from "vitest";
import { objectOf, type JsonObject } from "../../../src/cli/generate/document.ts";
import { withWireParameters } from "../../../src/cli/generate/wire-parameters.ts";

const strings = { type: "array", items: { type: "string" } };
const filter = {
  type: "object",
  required: ["name"],
  properties: { name: { type: "string" }, age: { type: "integer" } },
};

function rewritten(...parameters: JsonObject[]): unknown {
  const root = { paths: { "/a": { get: { parameters } } }, components: { schemas: { filter } } };
  const item = objectOf(objectOf(withWireParameters(root)["paths"])["/a"]);
  return objectOf(item["get"])["parameters"];
}

const query = (rest: JsonObject): JsonObject => ({ name: "p", in: "query", ...rest });
const text = (description: string, rest: JsonObject = {}): JsonObject =>
  query({ ...rest, description, style: "form", explode: true, schema: { type: "string" } });

test("what a call encodes as it is asked for stays as it is", () => {
  const kept = [
    query({ schema: { type: "string" } }),
    query({ schema: strings }),
    query({ schema: strings, style: "pipeDelimited", explode: true }),
    { name: "p", in: "path", schema: strings, explode: false },
  ];
  expect(rewritten(...kept)).toEqual(kept);
});

test("a list that is not repeated is text, with its separator said", () => {
  expect(
    rewritten(
      query({ schema: strings, explode: false, description: "Tags." }),
      query({ schema: strings, style: "pipeDelimited" }),
      query({ schema: { type: ["array", "null"] }, style: "spaceDelimited", explode: false, required: true }),
    ),
  ).toEqual([
    text("Tags. Values, separated by commas."),
    text("Values, separated by bars (|)."),
    text("Values, separated by spaces.", { required: true }),
  ]);
});

test("a deep object is one parameter for each property", () => {
  const schema = { $ref: "#/components/schemas/filter" };
  expect(rewritten(query({ name: "filter", style: "deepObject", required: true, schema }))).toEqual([
    { name: "filter[name]", in: "query", required: true, schema: { type: "string" } },
    { name: "filter[age]", in: "query", required: false, schema: { type: "integer" } },
  ]);
});

test("the properties of any other object are parameters themselves, or text in one", () => {
  expect(rewritten(query({ schema: { allOf: [filter, { properties: { size: { type: "integer" } } }] } }))).toEqual([
    { name: "name", in: "query", required: false, schema: { type: "string" } },
    { name: "age", in: "query", required: false, schema: { type: "integer" } },
    { name: "size", in: "query", required: false, schema: { type: "integer" } },
  ]);
  expect(rewritten(query({ schema: filter, explode: false }))).toEqual([
    text("Names and values, separated by commas."),
  ]);
});

test("what is JSON within a query is text", () => {
  expect(rewritten(query({ content: { "application/json": { schema: filter } } }))).toEqual([
    text("The value as JSON."),
  ]);
});

test("the parameters of a path are rewritten as those of its methods are", () => {
  const root = { paths: { "/a": { parameters: [query({ schema: strings, explode: false })], get: {} } } };
  const item = objectOf(objectOf(withWireParameters(root)["paths"])["/a"]);
  expect(item["parameters"]).toEqual([text("Values, separated by commas.")]);
  expect(root.paths["/a"].parameters).toEqual([query({ schema: strings, explode: false })]);
});
