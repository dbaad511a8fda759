import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** What a shop is to do, sent to it when it starts. */
export interface ShopTask {
  readonly url: string;
  readonly apiKey: string;
  readonly journalPath: string;
  /** Of the orders. */
  readonly seed: number;
  readonly payments: number;
  /** How many orders are worked on at the same time. */
  readonly atOnce: number;
}

/** What a shop tells. */
export type ShopMessage =
  /** It works; so many orders were paid before. */
  | { readonly is: "open"; readonly confirmed: number }
  | { readonly is: "calling" }
  | { readonly is: "paid"; readonly reference: string; readonly paymentId: string };

/** How a process of the shop ended. */
export type ShopEnd = "done" | "killed";

const program = new URL("shop-start.ts", import.meta.url).pathname;

/** One process of the shop; whoever started it ends it. */
export class ShopProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #errors = "";

  constructor(task: ShopTask, onMessage: (message: ShopMessage) => void) {
    this.#child = fork(program, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.#closed = once(this.#child, "close");
    this.#child.stderr?.on("data", (data: Buffer) => (this.#errors += data.toString()));
    this.#child.on("message", (message) => onMessage(message as ShopMessage));
    // It may be killed before it has read this.
    this.#child.send(task, () => {});
  }

  /** SIGKILL: it is told nothing, and can do nothing about it. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Resolves when it has ended, and all that it said was heard. @throws where it ended in any other way */
  async ended(): Promise<ShopEnd> {
    await this.#closed;
    const { exitCode, signalCode } = this.#child;
    if (signalCode === "SIGKILL") return "killed";
    if (exitCode === 0) return "done";
    throw new Error(`the shop ended with ${signalCode ?? exitCode}: ${this.#errors.trim()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#closed;
  }
}
