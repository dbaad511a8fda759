import { byId } from "../named.ts";
import { measureStartup } from "../startup-probe.ts";
import type { Named, Suite } from "../suite.ts";
import { payloadOf } from "../websocket-frames.ts";

const payload = "json-200B";
const baseline = "ws";

const subjects: readonly Named[] = [
  { id: baseline, about: "A bare `ws` socket; no compression, as in Hawser." },
  {
    id: "hawser",
    about: "A `WebSocketService` that is connected. It loads pino for its log, which is installed here.",
  },
  { id: "partysocket", about: "partysocket over `ws`." },
  { id: "WebSocket", about: "Node's own, which is undici's." },
];

/** What a process pays until it has the first message of a stream. */
export const startupStream: Suite = {
  id: "startup-stream",
  title: "Start-up: from nothing loaded to the first message of a stream",
  baseline,
  workloads: [{ id: "first-message", about: "Loading, connecting, and a message of 200 B that comes at once." }],
  subjects,
  server: new URL("../servers/canned-frames.ts", import.meta.url),
  measure: (subject, _workload, run) => {
    const args = [byId(subjects, subject).id, `${run.origin.replace("http", "ws")}/flood/${payload}/1`];
    return measureStartup({ name: "first-message", args, expected: JSON.parse(String(payloadOf(payload))) }, run);
  },
};
