import { expect, test } from "vitest";
import { withUniqueIds } from "../../../src/cli/generate/unique-ids.ts";

test("an operationId that comes again is left out, and nothing else is", () => {
  const root = {
    info: {},
    paths: {
      "/a": { summary: "x", get: { operationId: "same", tags: [] }, put: { operationId: "other" }, post: {} },
      "/b": { get: { operationId: "same", tags: ["b"] }, parameters: [] },
    },
  };
  expect(withUniqueIds(root)).toEqual({
    ...root,
    paths: { ...root.paths, "/b": { get: { tags: ["b"] }, parameters: [] } },
  });
});
