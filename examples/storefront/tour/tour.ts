import { subscribe } from "hawser";
import { startLiveLine } from "../live-line.ts";
import type { Running } from "../run.ts";
import type { Terminal } from "../terminal.ts";
import { type Chapter, chapters, paymentsPerChapter } from "./chapters.ts";
import { Customers, type PlacedOrder } from "./customers.ts";
import { Narrator, type Told } from "./narrator.ts";
import { prove } from "./proof.ts";
import { SandboxControl } from "./sandbox-control.ts";
import { TickRecord } from "./tick-record.ts";
import { Witness } from "./witness.ts";

/** How the tour is played. */
export interface TourOptions {
  readonly terminal: Terminal;
  readonly isQuick: boolean;
  readonly signal: AbortSignal;
}

/** Plays all chapters and resolves to whether the proof holds. @throws the signal's reason */
export async function playTour(running: Running, { terminal, isQuick, signal }: TourOptions): Promise<boolean> {
  const { sandbox, storefront, url } = running;
  const startedAt = performance.now();
  const narrator = new Narrator(terminal);
  const control = new SandboxControl(sandbox.controlUrl);
  const customers = new Customers(url, signal);
  using ticks = new TickRecord(storefront.app.services.get("realtime"));
  using witness = new Witness();
  const told: Told[] = [];

  narrator.begin(url, isQuick ? 30 : 120);
  const endLiveLine = startLiveLine(terminal, storefront);
  try {
    for (const [index, chapter] of chapters.entries()) {
      narrator.chapter(chapter, index + 1, chapters.length);
      const result = await playChapter(chapter);
      told.push(result);
      narrator.told(result);
    }
  } finally {
    endLiveLine();
  }

  await storefront.background.drain(5_000);
  const [ledger, sent, feed] = await Promise.all([control.ledger(), control.sent(), control.feed()]);
  await ticks.reaches(feed.seq, signal);
  const proof = prove({
    orders: told.flatMap(({ orders }) => orders),
    ledger,
    notified: sent.sent.length,
    ticks: ticks.numbers,
    lastTick: feed.seq,
    cuts: feed.cut,
    chapters: told.map(({ chapter, orders, struck }) => ({ title: chapter.title, orders: orders.length, struck })),
  });
  narrator.verdict(proof, (performance.now() - startedAt) / 1000);
  return proof.problems.length === 0;

  async function playChapter(chapter: Chapter): Promise<Told> {
    const overMs = (isQuick ? chapter.quickSeconds : chapter.seconds) * 1_000;
    // Leaves an open connection to each service, so that a fault that cuts connections finds one.
    await storefront.app.services.health({ signal });
    witness.take();
    ticks.takeLongestSilenceMs();
    const [{ settled }] = await Promise.all([customers.come(paymentsPerChapter, overMs), switchFaultsOn(chapter)]);
    const struck = (await control.faults()).map((fault) => fault.struck);
    await control.clear();
    const orders: PlacedOrder[] = await settled;
    // One tick more than there are now: it can only come when the stream is back.
    await ticks.reaches((await control.feed()).seq + 1, signal);
    return { chapter, orders, struck, witnessed: witness.take(), silenceMs: ticks.takeLongestSilenceMs() };
  }

  async function switchFaultsOn({ faults, rounds = 1 }: Chapter): Promise<void> {
    for (let round = 1; round <= rounds; round++) {
      const isBack = rounds > 1 ? streamOpens(signal) : undefined;
      for (const fault of faults) await control.switchOn(fault);
      await isBack;
    }
  }
}

/** Resolves when a stream is open again. */
function streamOpens(signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = subscribe("hawser:stream", ({ state }) => {
    if (state === "open") resolve();
  });
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  return promise.finally(() => {
    stop();
    signal.removeEventListener("abort", onAbort);
  });
}
