import { measureCalls } from "../measure-calls.ts";
import type { Suite } from "../suite.ts";
import { bareSubject, connectAs, type Data, speaksJson, webSocketSubjects } from "../websocket-client.ts";
import { isJson, payloadOf } from "../websocket-frames.ts";

const sizes = [
  { payload: "text-32B", about: "Text of 32 bytes" },
  { payload: "text-1KiB", about: "Text of 1 KiB" },
  { payload: "text-64KiB", about: "Text of 64 KiB" },
  { payload: "json-200B", about: "Text of 200 bytes, made from an object each time" },
  { payload: "binary-32B", about: "32 bytes" },
  { payload: "binary-1KiB", about: "1 KiB of bytes" },
  { payload: "binary-64KiB", about: "64 KiB of bytes" },
] as const;

const workloads = sizes.flatMap(({ payload, about }) => [
  {
    id: `${payload}-burst`,
    about: `${about}; ${burstSize(payload)} at a time, the next when all are with the kernel.`,
  },
  { id: `${payload}-await`, about: `${about}; each when the one before is with the kernel.` },
]);

/** What a message costs from the call to the kernel. */
export const webSocketSend: Suite = {
  id: "websocket-send",
  title: "WebSocket: sending a message",
  baseline: bareSubject,
  workloads,
  subjects: webSocketSubjects,
  length: { full: { warmUpMs: 1_000 }, quick: { warmUpMs: 1_000 } },
  // What is sent without a pause travels together where messages are small.
  targets: ["text-32B", "json-200B", "binary-32B"].map((payload) => ({
    of: { workload: `${payload}-burst`, subject: bareSubject, figure: "cpuRatio", over: "hawser" },
    atLeast: 1.5,
  })),
  server: new URL("../servers/canned-frames.ts", import.meta.url),
  async measure(subject, workload, run) {
    const [, name = "", mode] = /^(.*)-(burst|await)$/.exec(workload) ?? [];
    const make = maker(name, speaksJson(subject));
    const size = burstSize(name);
    await using client = await connectAs(subject, `${run.origin.replace("http", "ws")}/sink/${name}`, () => undefined);
    const call = mode === "burst" ? () => client.burst(make, size) : () => client.send(make());
    const calls = { call, [Symbol.asyncDispose]: async () => undefined };
    const sample = await measureCalls(calls, run, { concurrency: 1, timed: "none", expected: undefined });
    const each = mode === "burst" ? size : 1;
    return {
      ...sample,
      operations: sample.operations * each,
      cpuUs: sample.cpuUs / each,
      wallUs: sample.wallUs / each,
      ...(sample.allocatedBytes === undefined ? {} : { allocatedBytes: sample.allocatedBytes / each }),
    };
  },
};

function maker(name: string, isValueWanted: boolean): () => Data {
  const payload = payloadOf(name);
  if (!isJson(name)) return () => payload;
  const value = JSON.parse(payload as string) as object;
  return isValueWanted ? () => value : () => JSON.stringify(value);
}

/** Of large ones fewer: half a megabyte is what there is room for between two turns of a program that sends. */
function burstSize(payload: string): number {
  return payload.endsWith("64KiB") ? 8 : 64;
}
