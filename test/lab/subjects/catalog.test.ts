import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { catalog, ownOptions, subjectFor } from "../../../src/lab/subjects/catalog.ts";

test("every subject loads under its own id, and says what it is", async () => {
  for (const entry of catalog) {
    const subject = await entry.load();
    expect(subject.id).toBe(entry.id);
    expect(subject.about.length).toBeGreaterThan(10);
  }
});

test("an unknown subject is told together with the known ones", async () => {
  await expect(subjectFor("nobody")).rejects.toThrow(/no subject nobody; known are hawser, no-retries/);
});

describe("a settings file", () => {
  const written = async (content: string): Promise<{ readonly url: string } & AsyncDisposable> => {
    const directory = await mkdtemp(join(tmpdir(), "hawser-lab-"));
    const path = join(directory, "settings.mjs");
    await writeFile(path, content);
    return { url: pathToFileURL(path).href, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
  };

  test("may export its options as default or by name, and the lab's own parts are left out", async () => {
    await using byDefault = await written("export default { deadlineMs: 1000, clock: {}, dispatcher: {} };");
    await using byName = await written("export const options = { retry: false };");
    expect(await ownOptions(byDefault.url)).toEqual({ deadlineMs: 1_000 });
    expect(await ownOptions(byName.url)).toEqual({ retry: false });
  });

  test("without options is an error that says what is expected", async () => {
    await using empty = await written("export const other = 1;");
    await expect(ownOptions(empty.url)).rejects.toThrow("must export the options of a RESTService");
  });
});
