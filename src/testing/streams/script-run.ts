import { afterRealMs } from "../real-time.ts";
import { isExpectedMessage, parsed } from "./expected-message.ts";
import type { FarSocket } from "./far-socket.ts";
import { type Script, type ScriptStep, shown, shownStep } from "./script.ts";

// How long a step waits is for the test to say, which disposes the server.
const forEver = 2 ** 31 - 1;

/** Runs one script on one connection, and keeps what went otherwise. */
export class ScriptRun {
  readonly #socket: FarSocket;
  readonly #script: Script;
  readonly #problems: string[] = [];
  /** How many steps are done. */
  #done = 0;
  #received: unknown;
  readonly #over = Promise.withResolvers<void>();

  constructor(socket: FarSocket, script: Script) {
    this.#socket = socket;
    this.#script = script;
  }

  /** Settles when all steps are done, or one of them cannot be. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** What did not happen, or happened otherwise; each in one line. */
  get problems(): readonly string[] {
    const { steps } = this.#script;
    const step = steps[this.#done];
    const at = `connection ${this.#socket.number}`;
    const state = this.#isOver ? "the connection was over before it" : "it still waits for it";
    const isTold = this.#problems.length > 0;
    return [
      ...this.#problems,
      ...(step === undefined || isTold ? [] : [`${at}: ${this.#nth(step)} did not happen: ${state}`]),
      ...(step === undefined && !isTold && this.#socket.unread > 0
        ? [
            `${at}: ${this.#socket.unread} more came than the script expects, the last: ${shown(this.#socket.received.at(-1))}`,
          ]
        : []),
    ];
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { steps, accept } = this.#script;
    try {
      const isAnswer = steps[0] !== undefined && ["refuse", "cut", "reset"].includes(steps[0].do);
      if (!isAnswer) this.#socket.accept(accept);
      for (const step of steps) {
        if (!(await this.#take(step))) return;
        this.#done += 1;
      }
      this.#over.resolve();
      await this.#refuseMore();
    } catch (error) {
      // A connection that ended is told by the step that was not done.
      if (!this.#isOver) this.#fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.#over.resolve();
    }
  }

  /** @returns false where the script ends with it. */
  async #take(step: ScriptStep): Promise<boolean> {
    const socket = this.#socket;
    switch (step.do) {
      case "expect": {
        const message = await socket.nextMessage({ timeoutMs: forEver });
        this.#received = parsed(message);
        if (await isExpectedMessage(step.expected, message)) return true;
        this.#fail(`${this.#nth(step)} got ${shown(this.#received)}`);
        return false;
      }
      case "expectClose": {
        const { code } = await socket.ended;
        if (step.code === undefined || step.code === code) return true;
        this.#fail(`${this.#nth(step)} got ${code}`);
        return false;
      }
      case "say":
        socket.send(typeof step.message === "function" ? await step.message(this.#received) : step.message);
        return true;
      case "delay":
        await this.#delay(step.ms);
        return true;
      case "silence":
        socket.silence();
        return true;
      case "close":
        socket.close(step.code, step.reason);
        return true;
      case "cut":
        socket.cut();
        return true;
      case "reset":
        socket.reset();
        return true;
      case "refuse":
        socket.refuse(step.status, step.headers, step.body);
        return true;
    }
  }

  /** What comes when nothing is expected any more. */
  async #refuseMore(): Promise<void> {
    const message = await this.#socket.nextMessage({ timeoutMs: forEver });
    this.#fail(`the script is over, and ${shown(parsed(message))} came`);
  }

  async #delay(ms: number): Promise<void> {
    const wait = Promise.withResolvers<void>();
    const stop = afterRealMs(ms, () => wait.resolve());
    await Promise.race([wait.promise, this.#socket.ended]);
    stop();
    if (this.#socket.state === "closed") throw new Error("the connection is over");
  }

  get #isOver(): boolean {
    return this.#socket.state === "closed" || this.#socket.state === "closing";
  }

  #fail(what: string): void {
    this.#problems.push(`connection ${this.#socket.number}: ${what}`);
    // Final for a stream of ours: else it would come again and again, until the test gives up.
    const { state } = this.#socket;
    if (state === "accepted" || state === "open") this.#socket.close(1008, "not in the script");
    else this.#socket.cut();
  }

  #nth(step: ScriptStep): string {
    const { steps } = this.#script;
    return `step ${steps.indexOf(step) + 1} of ${steps.length}, ${shownStep(step)},`;
  }
}
