import ts from "typescript";

const root = new URL("../../", import.meta.url).pathname;

/** Where the cursor is, in a source that is completed. */
const marker = "¦";

/** What an editor is asked about sources that stand in no file, compiled as the project is. */
export class LanguageService implements Disposable {
  readonly #path: string;
  readonly #service: ts.LanguageService;
  #text = "";
  #version = 0;

  /** @param path - where the source would stand, below the root: what it imports is found from there. */
  constructor(path: string) {
    this.#path = `${root}${path}`;
    const { config } = ts.readConfigFile(`${root}tsconfig.json`, (name) => ts.sys.readFile(name)) as { config: object };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const isOwn = (name: string): boolean => name === this.#path;
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => options,
      getScriptFileNames: () => [this.#path, `${root}src/rest/undici-parts.d.ts`],
      getScriptVersion: (name) => (isOwn(name) ? String(this.#version) : "0"),
      getScriptSnapshot: (name) => {
        const text = isOwn(name) ? this.#text : ts.sys.readFile(name);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: (given) => ts.getDefaultLibFilePath(given),
      fileExists: (name) => isOwn(name) || ts.sys.fileExists(name),
      readFile: (name) => ts.sys.readFile(name),
      directoryExists: (name) => ts.sys.directoryExists(name),
      getDirectories: (name) => ts.sys.getDirectories(name),
      realpath: (name) => ts.sys.realpath?.(name) ?? name,
    });
  }

  /** The names that an editor offers where the marker `¦` stands, sorted. */
  completionsAt(source: string): string[] {
    const position = source.indexOf(marker);
    if (position === -1) throw new Error(`the source has no ${marker}`);
    this.#open(source.replace(marker, ""));
    const found = this.#service.getCompletionsAtPosition(this.#path, position, {});
    return (found?.entries ?? []).map(({ name }) => name).toSorted();
  }

  /** What the compiler has to say of a source: the first line of each complaint. */
  problemsOf(source: string): string[] {
    this.#open(source);
    return this.#service
      .getSemanticDiagnostics(this.#path)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n").split("\n", 1)[0] ?? "");
  }

  [Symbol.dispose](): void {
    this.#service.dispose();
  }

  #open(text: string): void {
    this.#text = text;
    this.#version += 1;
  }
}
