import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}${name}`);

const withoutIndent = (text: string): string => text.replaceAll(/^\s+/gm, "").trimEnd();

// Compiled and run: the examples. Compiled: everything else that a block may stand in.
const compiled = [...filesIn("examples/", ".ts"), ...filesIn("test/types/", ".ts")].map((path) =>
  withoutIndent(read(path)),
);
const documents = ["README.md", "PROTOCOL.md", "ARCHITECTURE.md", ...filesIn("docs/", ".md")];

const blocks = documents.flatMap((path) =>
  [...read(path).matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ""], index) => ({
    path,
    index: index + 1,
    code,
  })),
);

describe("every TypeScript block of a document stands in a compiled file", () => {
  test.each(blocks)("$path, block $index", ({ code }) => {
    expect(compiled.some((file) => file.includes(withoutIndent(code)))).toBe(true);
  });
});

test("there are blocks to compare", () => {
  expect(blocks.length).toBeGreaterThan(0);
});
