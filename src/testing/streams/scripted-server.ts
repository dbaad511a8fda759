import type { AddressInfo } from "node:net";
import { ServiceConfigurationError } from "../../core/errors.ts";
import { OptionReader } from "../../core/options.ts";
import { settled } from "../../core/virtual-clock.ts";
import { afterRealMs } from "../real-time.ts";
import type { FarWaitOptions } from "./awaited.ts";
import { failTest } from "../fail-test.ts";
import { FarSide } from "./far-side.ts";
import type { FarMessage, FarSocket } from "./far-socket.ts";
import { Script, shownStep } from "./script.ts";
import { ScriptRun } from "./script-run.ts";

// For a message that the client has handed to its kernel a moment ago; only a test that fails waits so long.
const graceMs = 250;

/** How a {@link scriptedServer} listens. */
export interface ScriptedServerOptions {
  /** On 127.0.0.1. @defaultValue 0: any that is free */
  readonly port?: number | undefined;
  /** How long `next` and `nextMessage` wait, in milliseconds. @defaultValue 5000 */
  readonly waitMs?: number | undefined;
}

/** A WebSocket server on 127.0.0.1 that follows a script. Disposing it throws where something went otherwise. */
export class ScriptedServer implements AsyncDisposable {
  /** `ws://127.0.0.1:…` */
  readonly url: string;
  readonly port: number;
  readonly #side: FarSide;
  readonly #scripts: readonly Script[] | undefined;
  readonly #runs: ScriptRun[];
  readonly #uninvited: string[];

  /** @internal */
  constructor(side: FarSide, scripts: readonly Script[] | undefined, runs: ScriptRun[], uninvited: string[]) {
    this.#side = side;
    this.#scripts = scripts;
    this.#runs = runs;
    this.#uninvited = uninvited;
    this.port = (side.http.address() as AddressInfo).port;
    this.url = `ws://127.0.0.1:${this.port}`;
  }

  /** All connections so far, the first one first. */
  get connections(): readonly FarSocket[] {
    return this.#side.sockets;
  }

  /** What was said on all connections, in order. */
  get history(): readonly FarMessage[] {
    return this.#side.history;
  }

  /** What did not happen so far, or happened otherwise; each in one line. */
  get problems(): readonly string[] {
    const missing = (this.#scripts ?? []).slice(this.#runs.length).map(({ steps }, index) => {
      const list = steps.map(shownStep).join(", ");
      return `connection ${this.#runs.length + index + 1} was never asked for${list === "" ? "" : ` (its script: ${list})`}`;
    });
    return [...this.#runs.flatMap(({ problems }) => problems), ...this.#uninvited, ...missing];
  }

  /** The next connection that nobody has taken, scripted or not. @throws Error where none comes in time. */
  async next(options: FarWaitOptions = {}): Promise<FarSocket> {
    return this.#side.next(options);
  }

  /** @throws Error with everything that did not happen so far, or happened otherwise. */
  verify(): void {
    const error = complaintOf(this.problems);
    if (error !== undefined) throw error;
  }

  /** Cuts every connection and stops listening, and says nothing. */
  async stop(): Promise<void> {
    this.#side.end();
    const { http } = this.#side;
    if (!http.listening) return;
    http.closeAllConnections();
    await new Promise<void>((done) => http.close(() => done()));
  }

  /**
   * Stops it. What is on its way is given a moment before, at most 250 ms.
   *
   * @throws as {@link ScriptedServer.verify}; under node:test (Node 24.19) it is the test that fails, once it is over and
   * unless by an error of its own.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const wait = Promise.withResolvers<void>();
    const stop = afterRealMs(graceMs, () => wait.resolve());
    await Promise.race([wait.promise, Promise.all(this.#runs.map(({ over }) => over))]);
    stop();
    await settled();
    // Before it is stopped: the end of a connection that was expected is not one that the server made.
    const { problems } = this;
    await this.stop();
    const error = complaintOf(problems);
    if (error !== undefined) failTest(error);
  }
}

function complaintOf(problems: readonly string[]): Error | undefined {
  if (problems.length === 0) return undefined;
  return new Error(`the script was not followed:${problems.map((problem) => `\n  - ${problem}`).join("")}`);
}

/**
 * Starts a WebSocket server on 127.0.0.1. The first connection follows the first script, the second the second; one for
 * which there is none is refused with 403, and is a problem. So is a message that no step expects: the connection is
 * closed with 1008.
 *
 * @param scripts - none: every connection is in the hands of the test, by `next()`.
 * @throws ServiceConfigurationError with every problem of the arguments at once.
 */
export async function scriptedServer(
  scripts?: Script | readonly Script[],
  options: ScriptedServerOptions = {},
): Promise<ScriptedServer> {
  const reader = new OptionReader("scriptedServer", options);
  const port = reader.number("port", 0, { min: 0, max: 65_535, whole: true });
  const waitMs = reader.number("waitMs", 5_000, { min: 1, max: 2 ** 31 - 1 });
  const list = scripts === undefined ? undefined : [scripts].flat();
  if (list !== undefined && (list.length === 0 || !list.every((one) => one instanceof Script))) {
    reader.problem("the scripts must be made with script(), and be one at least");
  }
  reader.finish();
  const runs: ScriptRun[] = [];
  const uninvited: string[] = [];
  const side = new FarSide(waitMs, (socket) => {
    if (list === undefined) return;
    const script = list[socket.number - 1];
    if (script === undefined) {
      uninvited.push(
        `connection ${socket.number} was asked for, and there ${list.length === 1 ? "is 1 script" : `are ${list.length} scripts`}`,
      );
      socket.refuse(403);
      return;
    }
    const run = new ScriptRun(socket, script);
    runs.push(run);
    void run.run();
  });
  await new Promise<void>((done, fail) => {
    side.http.once("error", (error) =>
      fail(
        new ServiceConfigurationError("scriptedServer", [`cannot listen on port ${port} (${error.message})`], error),
      ),
    );
    side.http.listen(port, "127.0.0.1", done);
  });
  return new ScriptedServer(side, list, runs, uninvited);
}
