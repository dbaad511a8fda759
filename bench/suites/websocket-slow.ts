import type { Suite } from "../suite.ts";
import { heapAfterCollection } from "../measure-spans.ts";
import { bareSubject, connectAs, type OnMessage, webSocketSubjects } from "../websocket-client.ts";
import type { Payload } from "../websocket-frames.ts";

const slowMs = 4_000;
const sampleEveryMs = 20;
const payload = "binary-1KiB";
const messages = 512_000;
const warmUpMessages = 20_000;

const workloads = [
  { id: "waits-4s", about: "The handler waits for something that takes 4 s, then handles 500 MB of 1 KiB messages." },
  { id: "busy-4s", about: "The handler computes for 4 s at the first message; then as above." },
] as const;

/** What a flood does to memory while its handler is slow. */
export const webSocketSlow: Suite = {
  id: "websocket-slow",
  title: "WebSocket: 500 MB for a slow handler",
  baseline: bareSubject,
  workloads,
  subjects: webSocketSubjects,
  // The figure is what memory grows by, and not the CPU time.
  charted: [],
  server: new URL("../servers/canned-frames.ts", import.meta.url),
  async measure(subject, workload, run) {
    const url = `${run.origin.replace("http", "ws")}/flood/${payload}`;
    await flood(subject, `${url}/${warmUpMessages}`, warmUpMessages, () => undefined);
    heapAfterCollection();
    const rssBefore = process.memoryUsage.rss();
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    using peak = new PeakRss();
    await flood(subject, `${url}/${messages}`, messages, workload === "waits-4s" ? waits() : isBusy());
    const wallMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      operations: messages,
      cpuUs: (user + system) / messages,
      wallUs: (wallMs * 1_000) / messages,
      more: { "MB growth": (peak.bytes - rssBefore) / 1e6 },
    };
  },
};

/** Resolves when so many messages were handled. */
async function flood(subject: string, url: string, count: number, work: () => void | Promise<void>): Promise<void> {
  const all = Promise.withResolvers<void>();
  let handled = 0;
  const handle: OnMessage = async (data) => {
    await work();
    // It was needed until now.
    if ((data as Payload).length === 1_024 && ++handled === count) all.resolve();
  };
  await using open = new AsyncDisposableStack();
  open.use(await connectAs(subject, url, handle));
  await all.promise;
}

/** What everything has to wait for, a database say, is there in 4 s. */
function waits(): () => Promise<void> {
  let isThere: Promise<void> | undefined;
  return () => (isThere ??= new Promise((resolve) => setTimeout(resolve, slowMs)));
}

function isBusy(): () => void {
  let hasComputed = false;
  return () => {
    if (hasComputed) return;
    hasComputed = true;
    const endsAt = performance.now() + slowMs;
    while (performance.now() < endsAt) Math.hypot(1, 2);
  };
}

/** The most memory that the process had from now on. */
class PeakRss implements Disposable {
  #sampled = 0;
  readonly #timer = setInterval(() => this.#sample(), sampleEveryMs);
  readonly #before = process.resourceUsage().maxRSS * 1_024;

  /** The kernel's own mark, where the process has never had more; else what was sampled. */
  get bytes(): number {
    this.#sample();
    const mark = process.resourceUsage().maxRSS * 1_024;
    return mark > this.#before ? mark : this.#sampled;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    this.#sampled = Math.max(this.#sampled, process.memoryUsage.rss());
  }
}
