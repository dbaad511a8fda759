import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { type StopOnSignalsOptions, stopOnSignals } from "../../src/registry/stop-on-signals.ts";
import { logbook } from "../support/rest-client.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { until } from "../websocket/peer.ts";

const own = new Error("mine");
const app = fileURLToPath(new URL("stopping-app.ts", import.meta.url));

/** The application as a process of its own, and what it says, line by line. */
async function startApp(...how: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [app, ...how], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout?.on("data", (piece: Buffer) => (output += piece.toString()));
  const ended = once(child, "exit") as Promise<[code: number | null, signal: string | null]>;
  const lines = (): string[] => output.split("\n").filter((line) => line !== "");
  await until(() => lines().length > 0 || child.exitCode !== null);
  const port = Number(lines()[0]?.split(" ")[1]);
  return {
    child,
    ended,
    said: () => lines().slice(1),
    ask: async () => (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } })).text(),
  };
}

/** A registry that writes down how it is stopped. */
function stoppable(stop: () => Promise<unknown> = async () => undefined) {
  const limits: number[] = [];
  return {
    limits,
    stop: ({ timeoutMs }: { readonly timeoutMs: number }) => {
      limits.push(timeoutMs);
      return stop();
    },
  };
}

// SIGUSR2 is nobody's in a test run; the process is told of it, and not sent it.
function inProcess(options: Partial<StopOnSignalsOptions> = {}) {
  const clock = new VirtualClock();
  const { logger, entries } = logbook();
  const exits: number[] = [];
  const registry = stoppable();
  const all = {
    signals: ["SIGUSR2"],
    clock,
    logger,
    exit: (code: number) => void exits.push(code),
    ...options,
  } as const;
  return { clock, entries, exits, registry, options: all, receive: () => process.emit("SIGUSR2", "SIGUSR2") };
}

afterEach(() => {
  process.exitCode = undefined;
});

test("a call under way is answered, then the services are stopped, and the process ends by itself with 0", async () => {
  const { child, ended, said, ask } = await startApp();
  const answer = ask();
  await until(() => said().includes("asked"));
  child.kill("SIGTERM");
  expect(await answer).toBe("done");
  expect(await ended).toEqual([0, null]);
  expect(said()).toEqual(["asked", "before SIGTERM", "closed", "disposed"]);
});

test("a service that cannot be stopped makes the code 1", async () => {
  const { child, ended } = await startApp("broken");
  child.kill("SIGINT");
  expect(await ended).toEqual([1, null]);
});

test("a second signal ends the process at once, with the code that a shell gives it", async () => {
  const { child, ended, said } = await startApp("hanging");
  child.kill("SIGTERM");
  await until(() => said().includes("disposed"));
  child.kill("SIGTERM");
  expect(await ended).toEqual([143, null]);
});

test("what holds the process up does so for no longer than the limit", async () => {
  const { child, ended, said } = await startApp("held");
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
  expect(said().at(-1)).toBe("forced");
});

test("several registries are stopped at the same time, within what before has left of the limit", async () => {
  const { clock, registry, options, receive } = inProcess({ timeoutMs: 9_000 });
  const first = Promise.withResolvers<void>();
  const slow = Promise.withResolvers<void>();
  const other = stoppable(() => slow.promise);
  using _ = stopOnSignals([other, registry], { ...options, before: () => first.promise });
  receive();
  await clock.advance(4_000);
  expect([other.limits, registry.limits]).toEqual([[], []]);
  first.resolve();
  await settled();
  expect([other.limits, registry.limits]).toEqual([[5_000], [5_000]]);
  slow.resolve();
  await settled();
  expect(process.listenerCount("SIGUSR2")).toBe(0);
});

test("a before that throws, or does not end in its share of the limit, stops the services all the same", async () => {
  for (const before of [() => Promise.reject(own), () => new Promise(() => undefined)]) {
    const { clock, entries, exits, registry, options, receive } = inProcess({ timeoutMs: 9_000 });
    using _ = stopOnSignals(registry, { ...options, before });
    receive();
    await clock.advance(6_000);
    expect(registry.limits).toHaveLength(1);
    expect(process.exitCode).toBe(1);
    expect(entries.filter(({ level }) => level === "error")).toHaveLength(1);
    await clock.advance(9_000);
    expect(exits).toEqual([1]);
  }
});

test("a second signal does not begin anew what the first began", async () => {
  const never = new Promise(() => undefined);
  const { exits, options, receive } = inProcess();
  const registry = stoppable(() => never);
  using _ = stopOnSignals(registry, options);
  receive();
  await settled();
  receive();
  await settled();
  expect(registry.limits).toHaveLength(1);
  expect(exits).toEqual([128 + 12]);
});

test("what holds the process up is told before it is ended", async () => {
  const { clock, entries, exits, registry, options, receive } = inProcess({ timeoutMs: 9_000 });
  using _ = stopOnSignals(registry, options);
  receive();
  await clock.advance(8_999);
  expect(exits).toEqual([]);
  await clock.advance(1);
  expect(exits).toEqual([0]);
  expect(entries.at(-1)).toMatchObject({ level: "warn", fields: { resources: expect.any(Array) } });
  expect(entries.map(({ message }) => message).slice(0, 2)).toEqual([
    "stopping: the process was asked to end",
    "stopped",
  ]);
});

test("disposed, it listens no more", () => {
  const { registry, options, receive } = inProcess();
  const before = process.listenerCount("SIGUSR2");
  {
    using _ = stopOnSignals(registry, options);
    expect(process.listenerCount("SIGUSR2")).toBe(before + 1);
  }
  expect(process.listenerCount("SIGUSR2")).toBe(before);
  receive();
  expect(registry.limits).toEqual([]);
});

test("all that is wrong with its options is told at once, and nothing is listened to", () => {
  const before = process.listenerCount("SIGTERM");
  const wrong = { signals: ["SIGWHAT"], timeoutMs: 0, before: 1, exit: true, timout: 1 } as never;
  const problemsOf = (services: unknown, options?: unknown): readonly string[] => {
    try {
      stopOnSignals(services as never, options as never);
    } catch (error) {
      if (isServiceConfigurationError(error)) return error.problems;
    }
    return [];
  };
  expect(problemsOf({}, wrong)).toEqual([
    "it needs a registry, or an array of them",
    "signals must be an array of SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGBREAK",
    "timeoutMs must be a number of at least 1, not 0",
    "before must be a function, not 1",
    "exit must be a function, not a boolean",
    expect.stringMatching(/^unknown option timout/),
  ]);
  // Systems have more signals than a process can listen to.
  expect(problemsOf({ stop: async () => undefined }, { signals: ["SIGKILL"], logger: silentLogger })).toHaveLength(1);
  expect(problemsOf([], { logger: silentLogger })).toHaveLength(1);
  expect(problemsOf(undefined, { logger: silentLogger })).toHaveLength(1);
  expect(process.listenerCount("SIGTERM")).toBe(before);
});

test("signals of another system than this one may be named as well", () => {
  using _ = stopOnSignals({ stop: async () => undefined }, { signals: ["SIGTERM", "SIGBREAK"], logger: silentLogger });
  expect(process.listenerCount("SIGBREAK")).toBe(1);
});
