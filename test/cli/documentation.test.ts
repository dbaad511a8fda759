import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DocumentedSession, documentedSession, settled } from "./documented-session.ts";

// Every terminal in docs/cli.md is played, and must show what stands there.

const document = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");
const played = [...document.matchAll(/^```text\n([\s\S]*?)^```/gm)].flatMap(([, block = ""]) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [line = "", ...output] = text.split("\n");
      return { line, output: output.join("\n").trimEnd() };
    }),
);

let session: DocumentedSession;

beforeAll(async () => {
  session = await documentedSession();
});

afterAll(async () => {
  await session[Symbol.asyncDispose]();
});

test("every command is played", () => {
  for (const command of ["init", "check", "describe", "call", "tail", "generate"]) {
    expect(played.some(({ line }) => line.includes(`hawser ${command}`))).toBe(true);
  }
});

test.each(played)("$line", async ({ line, output }) => {
  expect(settled(await session.play(line))).toBe(settled(output));
});
