import { measureCalls } from "../measure-calls.ts";
import type { Suite } from "../suite.ts";
import { bareSubject, connectAs, webSocketSubjects } from "../websocket-client.ts";
import { type Payload, payloadOf } from "../websocket-frames.ts";

const burstSize = 64;

const sizes = [
  { payload: "text-32B", about: "Text of 32 bytes" },
  { payload: "json-200B", about: "Text of 200 bytes, made from an object each time" },
  { payload: "binary-1KiB", about: "1 KiB of bytes" },
] as const;

const workloads = sizes.flatMap(({ payload, about }) => [
  { id: `${payload}-burst`, about: `${about}; ${burstSize} at a time, the next when all are with the kernel.` },
  { id: `${payload}-await`, about: `${about}; each when the one before is with the kernel.` },
]);

/** What a message costs from the call to the kernel. */
export const webSocketSend: Suite = {
  id: "websocket-send",
  title: "WebSocket: sending a message",
  baseline: bareSubject,
  workloads,
  subjects: webSocketSubjects,
  server: new URL("../servers/canned-frames.ts", import.meta.url),
  async measure(subject, workload, run) {
    const [, name = "", mode] = /^(.*)-(burst|await)$/.exec(workload) ?? [];
    const make = maker(name);
    await using client = await connectAs(subject, `${run.origin.replace("http", "ws")}/sink/${name}`, () => undefined);
    const call = mode === "burst" ? () => client.burst(make, burstSize) : () => client.send(make());
    const calls = { call, [Symbol.asyncDispose]: async () => undefined };
    const sample = await measureCalls(calls, run, { concurrency: 1, timed: "none", expected: undefined });
    const each = mode === "burst" ? burstSize : 1;
    return {
      ...sample,
      operations: sample.operations * each,
      cpuUs: sample.cpuUs / each,
      wallUs: sample.wallUs / each,
      ...(sample.allocatedBytes === undefined ? {} : { allocatedBytes: sample.allocatedBytes / each }),
    };
  },
};

function maker(name: string): () => Payload {
  const payload = payloadOf(name);
  if (!name.startsWith("json")) return () => payload;
  const value: unknown = JSON.parse(payload as string);
  return () => JSON.stringify(value);
}
