import { connect } from "node:net";
import { seededRandom } from "../../../sandbox/random.ts";
import { Child } from "./child.ts";
import type { Flags } from "./flags.ts";
import { HeapSamples } from "./memory.ts";
import type { FarSideCommand, FarSideReport, ProxyBooks, ProxyCommand, ProxyReport, Schedule } from "./messages.ts";
import { SoakStream } from "./soak-stream.ts";
import type { Evidence } from "./verdict.ts";
import { type Disturbance, weatherFor } from "./weather.ts";

const streamCount = 20;
const numbersPerSecond = 100;
const sendsPerSecond = 10;
const samplesInAll = 40;
/** After the last number is due, for everything to be made up for and every send to settle. */
const settleMs = 60_000;
/** A heap that is measured while a machine is busy must be given time for its own work. */
const leastSampleMs = 500;

export interface SoakRun extends Pick<Flags, "minutes" | "seed" | "sabotage"> {
  readonly signal: AbortSignal;
  readonly onProgress?: (seconds: number) => void;
}

/** Runs the soak to its end and closes everything; what it found is for the verdict. @throws the signal's reason */
export async function soak({ minutes, seed, sabotage, signal, onProgress }: SoakRun): Promise<Evidence> {
  const durationMs = minutes * 60_000;
  const total = Math.floor((durationMs / 1000) * numbersPerSecond);
  const random = seededRandom(seed);
  const weather = weatherFor(durationMs, random);
  const heap = new HeapSamples();
  const kept: string[] = [];
  const before = openKinds();

  await using proxy = await Proxy.start();
  const streams = Array.from({ length: streamCount }, (_, stream) => {
    const maxSends = Math.ceil((durationMs / 1000) * sendsPerSecond) + 1;
    return new SoakStream({ url: proxy.url, stream, random: seededRandom(seed * 1000 + stream), maxSends });
  });
  await using farSide = new FarSide(streams, sabotage);
  // A second from now, when all are connected.
  const schedule = { startedAt: Date.now() + 1_000, perSecond: numbersPerSecond, total };
  proxy.forward(await farSide.start(schedule));

  await Promise.all(streams.map(async (stream) => stream.connect()));
  const second = sabotage === "socket" ? connect(proxy.port, "127.0.0.1") : undefined;
  second?.on("error", () => undefined);
  second?.write("GET /stream/4 HTTP/1.1\r\nhost: a\r\n\r\n");
  if (sabotage === "hang") streams[0]?.sends.begin();
  if (sabotage === "timer") setInterval(() => undefined, 60_000);

  const until = async (atMs: number): Promise<void> => pause(schedule.startedAt + atMs - Date.now(), signal);
  const deeds = Promise.all([
    blow(weather, { until, proxy, farSide, schedule }),
    every(1000 / sendsPerSecond, durationMs, until, () => {
      for (const stream of streams) void stream.sendNext();
      if (sabotage === "leak") kept.push(...leaked(kept.length));
    }),
    every(Math.max(leastSampleMs, durationMs / samplesInAll), durationMs, until, (atMs) => {
      heap.take();
      onProgress?.(atMs / 1000);
    }),
  ]);
  await deeds;

  const isDone = (): boolean => streams.every((one) => one.hasAll(total) && one.sends.unsettled === 0);
  for (let waitedMs = 0; waitedMs < settleMs && !isDone(); waitedMs += 100) {
    // What is sabotaged is not waited for.
    if (sabotage !== undefined && waitedMs >= 5_000) break;
    await pause(100, signal);
  }
  const stats = streams.map((stream) => stream.stats());
  const generations = streams.map(({ state }) => state.generation);
  // For what the far side tells of once in 50 ms.
  await pause(500, signal);
  await Promise.all(streams.map(async (stream) => stream.disconnect()));
  second?.destroy();
  await pause(500, signal);
  const books = await proxy.books();
  await farSide.stop();
  await proxy.stop();
  const left = await leftOver(before);

  return {
    streams: streamCount,
    total,
    consumers: streams.flatMap(({ stream, sequences }) =>
      Object.entries(sequences).map(([consumer, { last, gaps, repeats, worstGapMs }]) => {
        return { stream, consumer, last, gaps, repeats, worstGapMs };
      }),
    ),
    sends: streams.map(({ sends }, index) => sends.findings(generations[index] ?? 0)),
    duplicates: stats.reduce((sum, { duplicates }) => sum + duplicates, 0),
    toldGaps: streams.reduce((sum, { gaps }) => sum + gaps, 0),
    pauses: stats.reduce((sum, { pauses }) => sum + pauses, 0),
    thrown: streams.reduce((sum, { thrown }) => sum + thrown.thrown, 0),
    told: streams.reduce((sum, { thrown }) => sum + thrown.told, 0),
    surprises: streams.flatMap(({ surprises }) => surprises.map(String)),
    opens: streams.reduce((sum, { opens }) => sum + opens, 0),
    disconnects: streams.reduce((sum, { disconnects }) => sum + disconnects, 0),
    restarts: farSide.restarts,
    dismissals: farSide.dismissals,
    proxy: books,
    heap: heap.bytes,
    left,
    openAtProxy: books.open,
  };
}

/** Some 200 octets for each delivery of a tenth of a second. */
function leaked(from: number): string[] {
  const each = "x".repeat(200);
  return Array.from({ length: (streamCount * numbersPerSecond) / 10 }, (_, index) =>
    Buffer.from(`${each}${from + index}`).toString(),
  );
}

type Until = (atMs: number) => Promise<void>;

async function every(stepMs: number, forMs: number, until: Until, deed: (atMs: number) => void): Promise<void> {
  for (let atMs = stepMs; atMs <= forMs; atMs += stepMs) {
    await until(atMs);
    deed(atMs);
  }
}

async function blow(
  weather: readonly Disturbance[],
  on: { readonly until: Until; readonly proxy: Proxy; readonly farSide: FarSide; readonly schedule: Schedule },
): Promise<void> {
  for (const { atMs, kind, pick } of weather) {
    await on.until(atMs);
    if (kind === "restart") on.proxy.forward(await on.farSide.restart(on.schedule));
    else if (kind === "dismiss") on.farSide.dismiss(pick);
    else if (kind === "refuse" || kind === "mute") {
      // Nobody comes anew unless somebody has to.
      on.proxy.block(kind, 300 + pick * 900);
      for (let others = 0; others < 3; others++) on.proxy.strike("reset", (pick + others / 3) % 1);
    } else on.proxy.strike(kind, pick);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(
      () => {
        signal.removeEventListener("abort", abort);
        resolve();
      },
      Math.max(0, ms),
    );
    signal.addEventListener("abort", abort, { once: true });
  });
}

const counted = new Set(["Timeout", "TCPSocketWrap", "TCPServerWrap", "PipeWrap", "ProcessWrap"]);

const openKinds = (): string[] => process.getActiveResourcesInfo().filter((kind) => counted.has(kind));

/**
 * What holds the process up and did not in the beginning (its own output may be a pipe). A socket that was destroyed is
 * gone only after the loop has turned.
 */
async function leftOver(before: readonly string[]): Promise<readonly string[]> {
  const left = (): string[] => {
    const known = [...before];
    return openKinds().filter((kind) => {
      const at = known.indexOf(kind);
      if (at !== -1) known.splice(at, 1);
      return at === -1;
    });
  };
  for (let turn = 0; turn < 200 && left().length > 0; turn++) await new Promise<void>((done) => setImmediate(done));
  return left();
}

/** The process of the far side, one after the other. */
class FarSide implements AsyncDisposable {
  readonly #streams: readonly SoakStream[];
  readonly #sabotage: Flags["sabotage"];
  #child: Child<FarSideCommand, FarSideReport> | undefined;
  restarts = 0;
  dismissals = 0;

  constructor(streams: readonly SoakStream[], sabotage: Flags["sabotage"]) {
    this.#streams = streams;
    this.#sabotage = sabotage;
  }

  /** Resolves to its port. */
  async start(schedule: Schedule): Promise<number> {
    return new Promise((resolve) => {
      this.#child = new Child("far-side.ts", (report) => {
        if (report.is === "listening") resolve(report.port);
        else if (report.is === "dismissed") this.dismissals += report.count;
        else for (const [stream, generation, n] of report.arrivals) this.#streams[stream]?.sends.arrive(n, generation);
      });
      this.#child.tell({ do: "listen", schedule, sabotage: this.#sabotage });
    });
  }

  async restart(schedule: Schedule): Promise<number> {
    this.restarts += 1;
    await this.stop();
    return this.start(schedule);
  }

  dismiss(pick: number): void {
    this.#child?.tell({ do: "dismiss", pick });
  }

  async stop(): Promise<void> {
    await this.#child?.kill();
    this.#child = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** The process of the network. */
class Proxy implements AsyncDisposable {
  readonly #child: Child<ProxyCommand, ProxyReport>;
  readonly port: number;
  #onBooks: (books: ProxyBooks) => void = () => undefined;

  private constructor(child: Child<ProxyCommand, ProxyReport>, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<Proxy> {
    const listening = Promise.withResolvers<number>();
    const child = new Child<ProxyCommand, ProxyReport>("proxy.ts", (report) => {
      if (report.is === "listening") listening.resolve(report.port);
      else
        proxy.then(
          (one) => one.#onBooks(report),
          () => undefined,
        );
    });
    const proxy = listening.promise.then((port) => new Proxy(child, port));
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  forward(port: number): void {
    this.#child.tell({ do: "forward", port });
  }

  strike(kind: Extract<ProxyCommand, { do: "strike" }>["kind"], pick: number): void {
    this.#child.tell({ do: "strike", kind, pick });
  }

  block(how: "refuse" | "mute", forMs: number): void {
    this.#child.tell({ do: "block", how, forMs });
  }

  async books(): Promise<ProxyBooks> {
    return new Promise((resolve) => {
      this.#onBooks = resolve;
      this.#child.tell({ do: "tell" });
    });
  }

  async stop(): Promise<void> {
    await this.#child.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
