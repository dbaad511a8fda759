import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { eventually } from "../sandbox/bench.ts";

/** `examples/storefront/start.ts` as a process of its own, as `npm start` runs it. */
export interface StorefrontProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly errors: () => string;
  /** The exit code, when it has ended. */
  readonly ended: Promise<number | null>;
  /** Resolves when all is up. */
  ready(): Promise<void>;
}

const start = new URL("../../examples/storefront/start.ts", import.meta.url).pathname;

/** Free ports, unless the arguments say otherwise. */
export const freePorts = ["port", "gateway-port", "notifications-port", "feed-port", "control-port"].map(
  (name) => `--${name}=0`,
);

export function startProcess(args: readonly string[]): StorefrontProcess {
  // Detached: a process group of its own, so that a test can ask whether anything of it is left.
  const child = spawn(process.execPath, [start, ...args], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  let errors = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  const ended = once(child, "close").then(([code]) => code as number | null);
  return {
    child,
    output: () => output,
    errors: () => errors,
    ended,
    ready: () => eventually(() => output + errors).toContain("Ctrl-C"),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Whether anything of the process, or of what it may have started, still runs. */
export function isLeft({ child }: StorefrontProcess): boolean {
  try {
    process.kill(-(child.pid ?? 0), 0);
    return true;
  } catch {
    return false;
  }
}
