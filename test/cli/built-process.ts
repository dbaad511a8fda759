import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const root = new URL("../../", import.meta.url).pathname;

/** A folder of a user's own, outside the repository, in which the built package is installed. */
export class UserFolder implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), "hawser-cli-"));

  constructor(files: Readonly<Record<string, string>> = {}) {
    mkdirSync(join(this.path, "node_modules"));
    symlinkSync(root, join(this.path, "node_modules", "hawser"));
    this.write({ "package.json": '{ "type": "module" }', ...files });
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, path)), { recursive: true });
      writeFileSync(join(this.path, path), content);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** How a process ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a process is given beside its arguments. */
export interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Called with what the process has written so far, and a way to signal it or to close its output. */
  readonly onOutput?: (text: string, act: { kill(signal: NodeJS.Signals): void; closeOutput(): void }) => void;
}

/** Runs the built command line as a process of its own, with these variables alone. */
export async function hawser(folder: UserFolder, args: readonly string[], given: Given = {}): Promise<Ended> {
  const { env = {}, input = "", onOutput } = given;
  const child = spawn(process.execPath, [join(root, "dist/cli/start.js"), ...args], { cwd: folder.path, env });
  let stdout = "";
  let stderr = "";
  const act = {
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    closeOutput: () => void child.stdout.destroy(),
  };
  child.stdout.on("data", (piece: Buffer) => {
    stdout += piece.toString();
    onOutput?.(stdout, act);
  });
  child.stderr.on("data", (piece: Buffer) => (stderr += piece.toString()));
  child.stdin.end(input);
  const ended = Promise.withResolvers<number | null>();
  child.on("close", ended.resolve);
  return { exitCode: await ended.promise, stdout, stderr };
}
