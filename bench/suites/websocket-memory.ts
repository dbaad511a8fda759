import { heapAfterCollection } from "../measure-spans.ts";
import type { Suite } from "../suite.ts";
import { bareSubject, connectAs, type WebSocketClient, webSocketSubjects } from "../websocket-client.ts";

const connections = 1_000;
// More at a time than this, and the kernel's queue of those that wait to be accepted is what is measured.
const atATime = 10;

/** What an idle connection keeps on the heap. */
export const webSocketMemory: Suite = {
  id: "websocket-memory",
  title: "WebSocket: an idle connection",
  baseline: bareSubject,
  workloads: [
    { id: `idle-${connections}`, about: `${connections} connections that are open and silent. CPU: to open one.` },
  ],
  subjects: webSocketSubjects,
  targets: [
    {
      of: { workload: `idle-${connections}`, subject: "hawser", figure: { more: "KiB heap" }, above: bareSubject },
      atMost: 6,
    },
  ],
  // The CPU time is that of opening a connection: not what is asked here.
  charted: [],
  server: new URL("../servers/canned-frames.ts", import.meta.url),
  async measure(subject, _workload, run) {
    const url = `${run.origin.replace("http", "ws")}/silent`;
    // Code, caches and pools are there once the first ones have been opened, and are not what is asked.
    const first = await openMany(subject, url, 20);
    await settled();
    const heapBefore = heapAfterCollection();
    const rssBefore = process.memoryUsage.rss();
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    const clients = await openMany(subject, url, connections);
    const wallMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    await settled();
    const heapBytes = (heapAfterCollection() - heapBefore) / connections;
    const rssBytes = (process.memoryUsage.rss() - rssBefore) / connections;
    for (const client of [...first, ...clients]) await client[Symbol.asyncDispose]();
    return {
      operations: connections,
      cpuUs: (user + system) / connections,
      wallUs: (wallMs * 1_000) / connections,
      more: { "KiB heap": heapBytes / 1_024, "KiB RSS": rssBytes / 1_024 },
    };
  },
};

async function openMany(subject: string, url: string, count: number): Promise<WebSocketClient[]> {
  const clients: WebSocketClient[] = [];
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(atATime, count - clients.length) }, () =>
      connectAs(subject, url, () => undefined),
    );
    clients.push(...(await Promise.all(some)));
  }
  return clients;
}

/** What opening has left to be done: ticks, and handles that close. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 200));
}
