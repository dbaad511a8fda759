import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { JournalRecord } from "./books.ts";

/** An append-only file of records, one a line. What was appended is on disk when `append` resolves, whatever dies then. */
export class Journal implements AsyncDisposable {
  readonly #file: FileHandle;
  /** Lines that wait for the next commit. */
  #lines = "";
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens a journal, or begins one, and reads what it holds. */
  static async open(path: string): Promise<{ readonly journal: Journal; readonly records: readonly JournalRecord[] }> {
    const file = await open(path, "a+");
    const { records, wholeBytes } = readRecords(await file.readFile("utf8"));
    // A line that a kill tore was never acknowledged, so nothing that was done depends on it.
    await file.truncate(wholeBytes);
    await file.datasync();
    await syncFolder(dirname(path));
    return { journal: new Journal(file), records };
  }

  /** Resolves when the records are on disk. Who comes while a commit is under way shares the next one with others. */
  append(...records: readonly JournalRecord[]): Promise<void> {
    for (const record of records) this.#lines += `${JSON.stringify(record)}\n`;
    this.#next ??= this.#last = this.#last.then(() => this.#commit());
    return this.#next;
  }

  async #commit(): Promise<void> {
    this.#next = undefined;
    const lines = this.#lines;
    this.#lines = "";
    await this.#file.appendFile(lines);
    await this.#file.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** The records of a journal's text; a last line without its end is left out, and `wholeBytes` says where it begins. */
export function readRecords(text: string): {
  readonly records: readonly JournalRecord[];
  readonly wholeBytes: number;
} {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const lines = whole.split("\n").filter((line) => line !== "");
  // The shop alone writes this file, and only through `append`.
  return { records: lines.map((line) => JSON.parse(line) as JournalRecord), wholeBytes: Buffer.byteLength(whole) };
}

/** A new file survives a power cut only when its name in the folder does. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
