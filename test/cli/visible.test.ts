import { expect, test } from "vitest";
import { onOneVisibleLine, visibleLines } from "../../src/cli/visible.ts";

test("what a terminal takes for a command is shown, not obeyed", () => {
  expect(onOneVisibleLine("a\u001B[31mb\u0007\r\n\tc\u009B")).toBe("a\\x1b[31mb\\x07\\r\\n\\tc\\x9b");
});

test("lines and tabs stay where a text may have lines", () => {
  expect(visibleLines("a\r\n\tb\u001Bc\nd")).toBe("a\n\tb\\x1bc\nd");
});

test("letters of every language stay", () => {
  expect(onOneVisibleLine("grüße 船 🚢")).toBe("grüße 船 🚢");
});
