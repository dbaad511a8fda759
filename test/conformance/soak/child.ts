import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** A process of the soak; whoever started it ends it. */
export class Child<Command extends object, Report> implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  /** @param program - a file beside this one. */
  constructor(program: string, onReport: (report: Report) => void) {
    this.#child = fork(new URL(program, import.meta.url).pathname, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#closed = once(this.#child, "close");
    this.#child.on("message", (message) => onReport(message as Report));
  }

  tell(command: Command): void {
    // It may have ended before it has read this.
    if (this.#child.connected) this.#child.send(command, () => undefined);
  }

  /** SIGKILL, and everything that it said before has been heard. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** For a child: what to do with each command. It ends with whoever started it. */
export function serve(onCommand: (command: never) => void): void {
  const orphaned = (): void => process.exit(1);
  process.once("disconnect", orphaned);
  if (!process.connected) orphaned();
  // The Ctrl-C of a terminal goes to all; the parent decides.
  process.on("SIGINT", () => undefined);
  process.on("message", (message) => onCommand(message as never));
}
