import { expect, test } from "vitest";
import { assertOpenFiles } from "../../bench/suites/scale-open-files.ts";

test("more connections than the system lets a process have are refused, with what to do", () => {
  expect(() => assertOpenFiles(10)).not.toThrow();
  expect(() => assertOpenFiles(1e12)).toThrow(
    /^1000000000000 connections need 1000000000100 open files, and this process may have \d+: run it where `ulimit -Hn`/,
  );
});
