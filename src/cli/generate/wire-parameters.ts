import { type JsonObject, listOf, objectOf, resolved, textOf } from "./document.ts";
import { methods } from "./operations.ts";

// A call encodes its query in one way: a list repeats its name, and nothing else has parts. A document may ask for
// others, and the types that are made of it do not say so. So the parameters are rewritten to what goes on the wire
// before the types are made: what compiles is then what the service understands.

const separators: Readonly<Record<string, string>> = {
  form: "commas",
  spaceDelimited: "spaces",
  pipeDelimited: "bars (|)",
};

/** The document with each query parameter as it is given to a call. */
export function withWireParameters(root: JsonObject): JsonObject {
  const rewrite = (holder: JsonObject): JsonObject =>
    holder["parameters"] === undefined
      ? holder
      : { ...holder, parameters: listOf(holder["parameters"]).flatMap((parameter) => onWire(parameter, root)) };
  const paths = Object.entries(objectOf(root["paths"])).map(([path, given]) => {
    const item = rewrite(objectOf(given));
    const operations = methods
      .filter((method) => item[method] !== undefined)
      .map((method) => [method, rewrite(objectOf(item[method]))]);
    return [path, { ...item, ...Object.fromEntries(operations) }];
  });
  return { ...root, paths: Object.fromEntries(paths) };
}

function onWire(given: unknown, root: JsonObject): unknown[] {
  const parameter = resolved(given, root);
  if (parameter["in"] !== "query") return [given];
  if (parameter["content"] !== undefined) return [asText(parameter, "The value as JSON.")];
  const schema = resolved(parameter["schema"], root);
  const style = textOf(parameter["style"] ?? "form");
  const isExploded = parameter["explode"] === undefined ? style === "form" : parameter["explode"] === true;
  if (isOf("array", schema)) {
    return isExploded ? [given] : [asText(parameter, `Values, separated by ${separators[style] ?? "commas"}.`)];
  }
  const properties = Object.entries(propertiesOf(schema, root));
  if (properties.length === 0) return [given];
  if (style === "deepObject")
    return properties.map(([name, of]) => part(parameter, `${textOf(parameter["name"])}[${name}]`, of, schema, name));
  if (isExploded) return properties.map(([name, of]) => part(parameter, name, of, schema, name));
  return [asText(parameter, `Names and values, separated by ${separators[style] ?? "commas"}.`)];
}

const isOf = (type: string, schema: JsonObject): boolean => [schema["type"]].flat().includes(type);

function propertiesOf(schema: JsonObject, root: JsonObject): JsonObject {
  const parts = listOf(schema["allOf"]).map((one) => propertiesOf(resolved(one, root), root));
  return Object.assign({}, ...parts, objectOf(schema["properties"])) as JsonObject;
}

function asText({ content: _content, ...parameter }: JsonObject, how: string): JsonObject {
  const description = [parameter["description"], how].filter((text) => typeof text === "string").join(" ");
  return { ...parameter, description, style: "form", explode: true, schema: { type: "string" } };
}

function part(whole: JsonObject, name: string, schema: unknown, of: JsonObject, property: string): JsonObject {
  const required = whole["required"] === true && listOf(of["required"]).includes(property);
  return { name, in: "query", required, schema };
}
