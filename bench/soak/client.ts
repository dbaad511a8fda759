// The process under test: services, traffic through them, and what can be seen of the process meanwhile. Its argument is
// a `SoakPlan`. Asks for `calm` and `storm` and waits until it is told that it is so; tells its evidence at the end, and
// must then come to its end by itself.
import { getEventListeners, once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "../../src/core/seeded-random.ts";
import { type Census, isSameCensus, takeCensus } from "./census.ts";
import type { Evidence, Seen } from "./evidence.ts";
import { heapUse } from "./heap.ts";
import { type SoakServices, soakServices } from "./services.ts";
import type { SoakPlan } from "./soak.ts";
import { Traffic } from "./traffic.ts";

const samples = 90;
const leastSampleMs = 250;
const reloadMs = 7_000;
/** What ends later than it must is late, on a machine that is busy; what has not ended by then hangs. */
const graceMs = 5_000;
const quietLimitMs = 60_000;
/** Longer than anybody keeps a connection that is not used, and than a reconnect takes. */
const unchangedMs = 4_000;
const lookMs = 200;

const pause = async (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const plan = JSON.parse(process.argv[2] ?? "") as SoakPlan;
const orphaned = (): void => process.exit(1);
process.once("disconnect", orphaned);
await tell("calm");
const before = takeCensus();
const evidence = await run();
process.off("disconnect", orphaned);
process.send?.(evidence, () => process.disconnect());

async function run(): Promise<Evidence> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-soak-"));
  try {
    return await soaked(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function soaked(folder: string): Promise<Evidence> {
  const registry = soakServices(plan.origin);
  await registry.start();
  const feeds = [registry.get("feed"), registry.get("ticker")];
  await Promise.all(feeds.map(async (feed) => feed.subscribe("always", () => undefined)));
  const life = new AbortController();
  const services: SoakServices = {
    payments: registry.get("payments"),
    catalog: registry.get("catalog"),
    files: registry.get("files"),
    feed: registry.get("feed"),
    ticker: registry.get("ticker"),
  };
  const traffic = new Traffic({ services, folder }, life.signal, seededRandom(plan.seed, "traffic"));
  const isOpen = (): boolean => feeds.every(({ state }) => state.name === "open");
  const seen: Seen[] = [];
  const hung = new Set<string>();
  let reloads = 0;

  const stormFor = async (ms: number): Promise<void> => {
    await tell("storm");
    traffic.start();
    const reloading = setInterval(() => {
      void registry.reload().then(() => (reloads += 1));
    }, reloadMs);
    const endsAt = performance.now() + ms;
    const everyMs = Math.max(leastSampleMs, (plan.warmUpMs + plan.measureMs) / samples);
    while (performance.now() < endsAt) {
      await pause(Math.min(everyMs, endsAt - performance.now()));
      for (const kind of traffic.ledger.overdue(performance.now(), graceMs)) hung.add(kind);
      const { objects, code } = heapUse();
      const rssBytes = process.memoryUsage.rss();
      seen.push({ atMs: performance.now(), objectBytes: objects, codeBytes: code, rssBytes });
    }
    clearInterval(reloading);
    traffic.pause();
  };
  const calm = async (): Promise<Census> => {
    await tell("calm");
    return quietCensus(() => traffic.isIdle && isOpen());
  };

  await stormFor(plan.warmUpMs);
  const afterWarmUp = await calm();
  const [begunBefore, cpuBefore, startedAt] = [traffic.begun, process.cpuUsage(), performance.now()];
  await stormFor(plan.measureMs);
  const { user, system } = process.cpuUsage(cpuBefore);
  const measuredMs = performance.now() - startedAt;
  const atEnd = await calm();
  const reconnects = feeds.reduce((sum, feed) => sum + feed.stats().reconnects, 0);
  const signalListeners = getEventListeners(life.signal, "abort").length;
  const filesLeft = await readdir(folder);
  await registry.stop();
  for (const kind of traffic.ledger.overdue(performance.now(), 0)) hung.add(kind);
  return {
    warmUpMs: startedAt,
    seen,
    accounts: traffic.ledger.accounts(),
    hung: [...hung],
    worstDelayMs: traffic.ledger.worstDelayMs,
    unexpected: traffic.unexpected,
    afterWarmUp,
    atEnd,
    before,
    left: await leftOver(),
    signalListeners,
    filesLeft,
    reloads,
    reconnects,
    cpuUs: user + system,
    measuredMs,
    operations: traffic.begun - begunBefore,
  };
}

/** What is open once nothing is under way and nothing has changed for a while; or when it would not end. */
async function quietCensus(isQuiet: () => boolean): Promise<Census> {
  const endsAt = performance.now() + quietLimitMs;
  let census = takeCensus();
  let sinceAt = performance.now();
  while (performance.now() < endsAt && performance.now() - sinceAt < unchangedMs) {
    await pause(lookMs);
    const now = takeCensus();
    if (!isQuiet() || !isSameCensus(census, now)) sinceAt = performance.now();
    census = now;
  }
  return census;
}

/** A socket that was destroyed is gone only after the loop has turned; nothing else is waited for. */
async function leftOver(): Promise<Census> {
  for (let turn = 0; turn < 100 && !isSameCensus(before, takeCensus()); turn++) {
    await new Promise((done) => setImmediate(done));
  }
  return takeCensus();
}

/** Tells whoever started this process, and waits until it is done. */
async function tell(wish: "calm" | "storm"): Promise<void> {
  const done = once(process, "message");
  process.send?.(wish);
  await done;
}
