import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** The members of a string union, as they stand in the source: the type itself is gone at run time. */
function membersOf(type: string): string[] {
  const [, union = ""] = new RegExp(`export type ${type} =([^;]+);`).exec(read("src/core/error-facts.ts")) ?? [];
  return [...union.matchAll(/"([^"]+)"/g)].map(([, member = ""]) => member);
}

const codes = [
  ...membersOf("ConnectionFault").map((fault) => `connection-${fault}`),
  ...membersOf("TimeoutLimit").map((limit) => `timeout-${limit}`),
  ...membersOf("DecodeFault").map((fault) => `decode-${fault}`),
  ...membersOf("UnavailableReason").map((reason) => `unavailable-${reason}`),
  ...membersOf("WaitReason").map((reason) => `wait-${reason}`),
  ...membersOf("ErrorCode"),
];

test("every error code has a row in docs/errors.md, and every row there is a code", () => {
  const documented = [...read("docs/errors.md").matchAll(/^\| `([a-z]+-[a-z-]+)` \|/gm)].map(([, code = ""]) => code);
  const rows = documented.filter((code) => !["not-sent"].includes(code));
  expect(rows.toSorted()).toEqual(codes.toSorted());
});
