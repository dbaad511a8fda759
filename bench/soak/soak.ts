import type { ChildProcess } from "node:child_process";
import { ended, nextMessage, startProgram } from "../processes.ts";
import type { ServerReady } from "../run-suite.ts";
import type { Evidence } from "./evidence.ts";

/** What the process under test is to do. */
export interface SoakPlan {
  readonly origin: string;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly seed: number;
}

const startLimitMs = 60_000;
/** Beside the traffic: to become quiet, twice, and to close. */
const slackMs = 180_000;
/** Once all is said, nothing may hold the process up for longer. */
const exitLimitMs = 5_000;
const restartEveryMs = 40_000;
const downMs = 800;

/**
 * Runs the process under test against a far side that misbehaves, is killed and comes back, and resolves to what it
 * found.
 *
 * @throws Error where it ended early, or did not come to its end by itself.
 */
export async function soak(plan: Omit<SoakPlan, "origin">): Promise<Evidence> {
  await using farSide = await FarSide.start(plan.seed);
  const client = startProgram(new URL("client.ts", import.meta.url), {
    args: [JSON.stringify({ ...plan, origin: farSide.origin } satisfies SoakPlan)],
    nodeArgs: ["--expose-gc", "--no-warnings"],
    core: undefined,
  });
  try {
    const what = "the process of the soak";
    const everyMs = Math.min(restartEveryMs, plan.measureMs / 3);
    for (;;) {
      const said = await nextMessage(client, what, plan.warmUpMs + plan.measureMs + slackMs);
      if (said === "storm") farSide.storm(everyMs);
      else if (said === "calm") await farSide.calm();
      else {
        await endOf(client, what);
        return said as Evidence;
      }
      client.send("done");
    }
  } finally {
    client.kill("SIGKILL");
  }
}

async function endOf(client: ChildProcess, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come to its end by itself`)), exitLimitMs);
  });
  await Promise.race([ended(client), late]).finally(() => clearTimeout(timer));
  if (client.exitCode !== 0) throw new Error(`${what} ended with ${client.exitCode ?? client.signalCode}`);
}

/** The process of the far side, one after the other, on one port. */
class FarSide implements AsyncDisposable {
  readonly #port: number;
  readonly #seed: number;
  #child: ChildProcess;
  #timer: NodeJS.Timeout | undefined;
  #restarting: Promise<void> = Promise.resolve();

  private constructor(child: ChildProcess, port: number, seed: number) {
    this.#child = child;
    this.#port = port;
    this.#seed = seed;
  }

  static async start(seed: number): Promise<FarSide> {
    const { child, port } = await listening(seed, 0);
    return new FarSide(child, port, seed);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Misbehaves from now on, and is killed now and then, until it is calm. */
  storm(everyMs: number): void {
    clearInterval(this.#timer);
    this.#child.send("storm");
    this.#timer = setInterval(() => {
      this.#restarting = this.#restarting.then(() => this.#restart());
      // Whoever awaits it hears of it.
      this.#restarting.catch(() => undefined);
    }, everyMs);
  }

  /** Does what it should from now on. @throws what a restart failed with. */
  async calm(): Promise<void> {
    clearInterval(this.#timer);
    await this.#restarting;
    this.#child.send("calm");
  }

  async #restart(): Promise<void> {
    this.#child.kill("SIGKILL");
    await ended(this.#child);
    await new Promise((done) => setTimeout(done, downMs));
    this.#child = (await listening(this.#seed, this.#port)).child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#restarting.catch(() => undefined);
    this.#child.kill("SIGKILL");
    await ended(this.#child);
  }
}

async function listening(seed: number, at: number): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const program = new URL("far-side.ts", import.meta.url);
  const child = startProgram(program, {
    args: [String(seed), String(at)],
    nodeArgs: ["--no-warnings"],
    core: undefined,
  });
  const { port } = (await nextMessage(child, "the far side", startLimitMs)) as ServerReady;
  return { child, port };
}
