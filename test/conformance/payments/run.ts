import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../../sandbox/random.ts";
import { type Sandbox, startSandbox } from "../../../sandbox/sandbox.ts";
import { booksOf } from "./books.ts";
import { GatewayControl } from "./gateway-control.ts";
import { readRecords } from "./journal.ts";
import { makeOrders } from "./order.ts";
import { planKills, planWeather } from "./plan.ts";
import { Progress } from "./progress.ts";
import { type ShopEnd, type ShopMessage, ShopProcess, type ShopTask } from "./shop-process.ts";
import type { Evidence } from "./verdict.ts";
import { Weather } from "./weather.ts";

/** What is played. */
export interface RunOptions {
  readonly payments: number;
  readonly kills: number;
  /** Of the orders, the weather and the kills; what the kernel and the timers make of them is new in every run. */
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Told of every kill, when the process is gone. */
  onKill(state: RunState): void;
  /** Told of every payment that was confirmed. */
  onPaid(state: RunState): void;
}

/** How far a run has come. */
export interface RunState {
  readonly kills: number;
  readonly confirmed: number;
  readonly weather: readonly string[];
}

/** What a run has to show. */
export interface Run extends AsyncDisposable {
  readonly evidence: Evidence;
  readonly journalPath: string;
}

const longestStandstillMs = 120_000;
const longestRestMs = 20_000;

/**
 * Lets a shop pay all orders through a gateway that misbehaves, and kills it on the way. Resolves when all is paid and
 * the gateway is at rest. The journal is removed when the run is disposed of.
 *
 * @throws the signal's reason; an Error where the shop fails by itself, or nothing was confirmed for two minutes.
 */
export async function run(options: RunOptions): Promise<Run> {
  const { payments, kills, seed } = options;
  await using started = new AsyncDisposableStack();
  const sandbox: Sandbox = started.use(await startSandbox({ tickIntervalMs: 60_000 }));
  const folder = await mkdtemp(join(tmpdir(), "hawser-payments-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const journalPath = join(folder, "journal.jsonl");
  const control = new GatewayControl(sandbox.gateway);
  const told: { readonly reference: string; readonly paymentId: string }[] = [];
  // One chance for each, so that the weather of a seed stays what it is when the kills change.
  const [orders, spells, killPoints] = [
    makeOrders(payments, seededRandom(seed)),
    planWeather(payments, seededRandom(seed + 1)),
    [...planKills(kills, payments, seededRandom(seed + 2))],
  ];
  const task: ShopTask = {
    url: sandbox.gateway.url,
    apiKey: sandbox.gateway.apiKey,
    journalPath,
    seed,
    payments,
    atOnce: Math.min(48, Math.ceil(payments / 12)),
  };
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const standstill = setTimeout(() => {
    over.abort(new Error(`no payment was confirmed for ${longestStandstillMs / 1000} s`));
  }, longestStandstillMs);
  started.defer(() => clearTimeout(standstill));

  const progress = new Progress(payments);
  const weather = new Weather(control, progress);
  let killed = 0;

  try {
    const played = weather.play(spells, signal);
    // It is awaited below; until then, its failure is not unhandled.
    played.catch(() => {});
    while ((await oneShop()) === "killed") {
      killed += 1;
      options.onKill(state());
    }
    await played;
    await atRest();
    const { records } = readRecords(await readFile(journalPath, "utf8"));
    const evidence: Evidence = {
      orders,
      killsWanted: kills,
      kills: killed,
      books: booksOf(records),
      told,
      ledger: await control.ledger(),
      requests: await control.requests(),
      struck: weather.struck,
    };
    return { evidence, journalPath, [Symbol.asyncDispose]: remove };
  } catch (error) {
    over.abort(error);
    await remove();
    throw error;
  }

  /** One process of the shop, from its start until it has ended or is killed. */
  async function oneShop(): Promise<ShopEnd> {
    let kill: NodeJS.Timeout | undefined;
    await using shop = new ShopProcess(task, (message) => {
      hear(message);
      const point = killPoints[0];
      if (kill !== undefined || point === undefined || progress.steps < point.atStep) return;
      killPoints.shift();
      kill = setTimeout(() => shop.kill(), point.delayMs);
    });
    const onAbort = (): void => shop.kill();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const end = await shop.ended();
      signal.throwIfAborted();
      return end;
    } finally {
      clearTimeout(kill);
      signal.removeEventListener("abort", onAbort);
    }
  }

  function state(): RunState {
    return { kills: killed, confirmed: progress.confirmed, weather: weather.now };
  }

  function hear(message: ShopMessage): void {
    if (message.is === "calling") {
      progress.step();
      return;
    }
    if (message.is === "open") {
      progress.confirm(message.confirmed);
      return;
    }
    told.push({ reference: message.reference, paymentId: message.paymentId });
    progress.step();
    progress.confirm();
    standstill.refresh();
    options.onPaid(state());
  }

  /** Resolves when the gateway has nothing left to do of what the shop, dead or alive, ever sent. */
  async function atRest(): Promise<void> {
    await control.callIn();
    const startedAt = performance.now();
    while ((await control.requests()).some(({ isOver }) => !isOver)) {
      // The books show which; the verdict says it.
      if (performance.now() - startedAt > longestRestMs) return;
      await sleep(50, undefined, { signal });
    }
  }
}
