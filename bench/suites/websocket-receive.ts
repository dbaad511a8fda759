import { deepStrictEqual } from "node:assert/strict";
import { CpuSpan } from "../cpu-span.ts";
import { measureSpans } from "../measure-spans.ts";
import type { Suite } from "../suite.ts";
import { bareSubject, connectAs, type Data, speaksJson, webSocketSubjects } from "../websocket-client.ts";
import { isJson, payloadOf } from "../websocket-frames.ts";

const workloads = [
  { id: "text-32B", about: "Text of 32 bytes, counted." },
  { id: "text-1KiB", about: "Text of 1 KiB, counted." },
  { id: "text-64KiB", about: "Text of 64 KiB, counted." },
  { id: "json-200B", about: "Text of 200 bytes, its JSON parsed." },
  { id: "binary-32B", about: "32 bytes, counted." },
  { id: "binary-1KiB", about: "1 KiB of bytes, counted." },
  { id: "binary-64KiB", about: "64 KiB of bytes, counted." },
] as const;

/** What a message costs from the socket to the handler, while they come as fast as they are read. */
export const webSocketReceive: Suite = {
  id: "websocket-receive",
  title: "WebSocket: receiving a message",
  baseline: bareSubject,
  workloads,
  subjects: webSocketSubjects,
  length: { full: { warmUpMs: 1_500 }, quick: { warmUpMs: 1_500 } },
  // As many messages for the same CPU time, or at least 95 of 100.
  targets: workloads.map(({ id: workload }) => ({
    of: { workload, subject: bareSubject, figure: "cpuRatio", over: "hawser" },
    atLeast: 0.95,
  })),
  server: new URL("../servers/canned-frames.ts", import.meta.url),
  async measure(subject, workload, run) {
    const url = `${run.origin.replace("http", "ws")}/flood/${workload}`;
    const isToParse = isJson(workload) && !speaksJson(subject);
    let received = 0;
    let last: unknown;
    const handle = (data: Data): void => {
      received++;
      last = isToParse ? JSON.parse(data as string) : data;
    };
    await using open = new AsyncDisposableStack();
    open.use(await connectAs(subject, url, handle));
    const sample = await measureSpans(run, async (cpuMs) => {
      const before = received;
      using span = new CpuSpan(cpuMs);
      await span.over;
      return received - before;
    });
    const sent = payloadOf(workload);
    deepStrictEqual(
      last instanceof Uint8Array ? new Uint8Array(last) : last,
      isJson(workload) ? (JSON.parse(sent as string) as unknown) : sent,
    );
    return sample;
  },
};
