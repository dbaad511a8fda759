import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { env } from "node:process";

// For a machine on which everything takes a while.
const startMs = 60_000;
const endMs = 10_000;

/** Where a program is; undefined, and said aloud, where it is not. */
export function findProgram(name: string): string | undefined {
  // Debian keeps servers where an ordinary user's PATH does not look.
  const places = [...(env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  const found = places.map((place) => join(place, name)).find(isExecutable);
  if (found === undefined) skipped(name, `apt-get install ${name}`);
  return found;
}

/** Says aloud what is not tested, and how it would be. */
export function skipped(name: string, how: string): void {
  /* oxlint-disable-next-line no-console */
  console.warn(`SKIPPED: ${name} is not on this machine, so streams are not tested with it (${how}).`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((done) => server.close(() => done()));
  return port;
}

export interface ProgramOptions {
  readonly command: string;
  readonly args: (directory: string) => readonly string[];
  /** A port that it listens on, once it is ready. */
  readonly port: number;
  /** Names and contents, for the directory that it runs in. */
  readonly files?: (directory: string) => Readonly<Record<string, string>>;
}

/** A program with a directory of its own for as long as it is used; it may be ended and started again. */
export class Program implements AsyncDisposable {
  readonly #options: ProgramOptions;
  readonly #directory: string;
  #child: ChildProcess | undefined;
  #output = "";

  private constructor(options: ProgramOptions) {
    this.#options = options;
    this.#directory = mkdtempSync(join(tmpdir(), "hawser-peer-"));
    for (const [name, text] of Object.entries(options.files?.(this.#directory) ?? {})) {
      writeFileSync(join(this.#directory, name), text);
    }
  }

  /** Resolves when it listens. @throws with what it said where it does not */
  static async start(options: ProgramOptions): Promise<Program> {
    const program = new Program(options);
    try {
      await program.start();
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
    return program;
  }

  async start(): Promise<void> {
    const { command, args, port } = this.#options;
    const child = spawn(command, args(this.#directory), {
      cwd: this.#directory,
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own: the workers of a master that was killed would go on, and hold its port.
      detached: true,
    });
    this.#child = child;
    // Its group is its own, so nobody else would end it with us.
    process.once("exit", this.#abandon);
    for (const stream of [child.stdout, child.stderr]) {
      // The last of it, for what goes wrong.
      stream?.on("data", (piece: Buffer) => (this.#output = (this.#output + piece.toString()).slice(-4_000)));
    }
    child.once("error", (error) => (this.#output += String(error)));
    const giveUpAt = performance.now() + startMs;
    while (!(await accepts(port))) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() > giveUpAt) {
        throw new Error(`${command} does not listen on port ${port}: ${this.#output.trim()}`);
      }
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  /** Sends it a signal that it goes on after. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it; with SIGKILL in the end, whatever it was asked with. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    process.off("exit", this.#abandon);
    if (child?.pid === undefined) return;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const { pid } = child;
    const closed = once(child, "close");
    const kill = (): unknown => process.kill(-pid, "SIGKILL");
    if (signal === "SIGKILL") kill();
    else child.kill(signal);
    const last = setTimeout(kill, endMs);
    await closed;
    clearTimeout(last);
  }

  readonly #abandon = (): void => {
    const child = this.#child;
    if (child?.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  };

  async restart(signal?: NodeJS.Signals): Promise<void> {
    await this.end(signal);
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
