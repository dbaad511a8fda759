import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { booksOf, type JournalRecord } from "./books.ts";
import { Journal, readRecords } from "./journal.ts";

const call = (id: string): JournalRecord => ({ is: "call", id, reference: "ö1" });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "journal-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("what was appended is read by the next process, in its order", async () => {
  const path = join(folder, "journal");
  {
    const { journal, records } = await Journal.open(path);
    await using _ = journal;
    expect(records).toEqual([]);
    await Promise.all([journal.append({ is: "run" }, call("a")), journal.append(call("b")), journal.append(call("c"))]);
    await journal.append(call("d"));
  }
  const { journal, records } = await Journal.open(path);
  await using _ = journal;

  expect(records).toEqual([{ is: "run" }, call("a"), call("b"), call("c"), call("d")]);
});

test("a line that a kill tore is taken away, and what comes then is whole", async () => {
  const path = join(folder, "journal");
  await appendFile(path, `${JSON.stringify(call("a"))}\n{"is":"call","id":"ö`);
  const { journal, records } = await Journal.open(path);
  await using _ = journal;
  await journal.append(call("b"));

  expect(records).toEqual([call("a")]);
  expect(readRecords(await readFile(path, "utf8")).records).toEqual([call("a"), call("b")]);
});

test("a call that a kill cut off has no end, and its order is not paid", () => {
  const { calls, paid } = booksOf([{ is: "run" }, call("a"), { is: "run" }]);

  expect(calls).toEqual([{ id: "a", reference: "ö1", run: 1, end: undefined }]);
  expect(paid.size).toBe(0);
});

test("a journal that contradicts itself is refused", () => {
  expect(() => booksOf([call("a"), call("a")])).toThrow("two calls a");
  expect(() => booksOf([{ is: "end", call: "a", end: { kind: "paid", paymentId: "p", attempts: [] } }])).toThrow(
    "the end of a call a",
  );
});
