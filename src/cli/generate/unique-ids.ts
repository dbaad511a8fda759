import { type JsonObject, objectOf, textOf } from "./document.ts";
import { methods } from "./operations.ts";

/**
 * The document with each operationId once: where one comes again it is left out. The types have an entry for each, which
 * two of one name would break, and whoever generates a client can seldom mend the document of somebody else.
 */
export function withUniqueIds(root: JsonObject): JsonObject {
  const used = new Set<string>();
  const paths = Object.entries(objectOf(root["paths"])).map(([path, given]) => {
    const item = objectOf(given);
    const operations = methods.flatMap((method) => {
      const { operationId, ...rest } = objectOf(item[method]);
      const id = textOf(operationId);
      if (id === "" || !used.has(id)) {
        used.add(id);
        return [];
      }
      return [[method, rest] as const];
    });
    return [path, { ...item, ...Object.fromEntries(operations) }];
  });
  return { ...root, paths: Object.fromEntries(paths) };
}
