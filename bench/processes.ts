import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Cores, coresFrom } from "./cores.ts";

/** How a program is started. */
export interface Start {
  readonly args: readonly string[];
  /** For Node itself. */
  readonly nodeArgs: readonly string[];
  /** The only core that it may run on; any where it is undefined. */
  readonly core: number | undefined;
}

/** Starts a program that talks by messages. What it prints goes to standard error: standard output is for rows. */
export function startProgram(program: URL, { args, nodeArgs, core }: Start): ChildProcess {
  const node = [process.execPath, ...nodeArgs, fileURLToPath(program), ...args];
  const [command = "", ...rest] = core === undefined ? node : [...pinnedTo(core), ...node];
  return spawn(command, rest, { stdio: ["ignore", 2, 2, "ipc"] });
}

/**
 * The next message of a program.
 *
 * @throws Error where none came within `limitMs`, or the program ended or could not be started; the program is ended.
 */
export function nextMessage(child: ChildProcess, what: string, limitMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | undefined, message?: unknown): void => {
      clearTimeout(timer);
      child.off("message", onMessage).off("close", onClose).off("error", onError);
      if (error === undefined) resolve(message);
      else {
        child.kill("SIGKILL");
        reject(error);
      }
    };
    const onMessage = (message: unknown): void => settle(undefined, message);
    // Not at its exit: what it said last may not have been read by then.
    const onClose = (code: number | null, signal: string | null): void =>
      settle(new Error(`${what} ended early (${code ?? signal})`));
    const onError = (cause: Error): void => settle(new Error(`${what} could not be started`, { cause }));
    const timer = setTimeout(() => settle(new Error(`${what} said nothing for ${limitMs} ms`)), limitMs);
    child.on("message", onMessage).on("close", onClose).on("error", onError);
  });
}

/** Resolves when the program has ended. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once("exit", resolve));
}

/** Two cores of this machine, or why there are none. */
export function findCores(): Cores | string {
  let status: string;
  try {
    status = readFileSync("/proc/self/status", "latin1");
  } catch {
    return "this system does not say which cores there are";
  }
  const cores = coresFrom(/^Cpus_allowed_list:(.*)$/m.exec(status)?.[1] ?? "");
  if (cores === undefined) return "there is one core only";
  const [command, ...args] = [...pinnedTo(cores.client), "true"] as const;
  return spawnSync(command, args).status === 0 ? cores : "taskset (of util-linux) is not there";
}

const pinnedTo = (core: number): readonly [string, ...string[]] => ["taskset", "-c", String(core)];
