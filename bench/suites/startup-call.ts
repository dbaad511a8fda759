import { jsonOfSize } from "../canned-answers.ts";
import { byId } from "../named.ts";
import { measureStartup } from "../startup-probe.ts";
import type { Named, Suite } from "../suite.ts";

const answerBytes = 200;
const baseline = "undici.request";

const subjects: readonly Named[] = [
  { id: baseline, about: "`request` and `body.json()`." },
  {
    id: "hawser",
    about: "A `RESTService` that is connected, and `getJson`. It loads pino for its log, which is installed here.",
  },
  {
    id: "hawser+registry",
    about: "A registry of one service that is started with its settings, and `getJson`; without a log.",
  },
  { id: "fetch", about: "Node's own, which is loaded when it is first called." },
  { id: "got", about: "`got(url).json()`." },
  { id: "ky", about: "`ky(url).json()`." },
  { id: "axios", about: "`axios.get(url)`." },
];

/** What a process pays until it has its first answer. */
export const startupCall: Suite = {
  id: "startup-call",
  title: "Start-up: from nothing loaded to the first answer",
  baseline,
  workloads: [
    { id: "first-get", about: "Loading, and a GET to the parsed JSON of 200 B, over a connection of its own." },
  ],
  subjects,
  server: new URL("../servers/canned.ts", import.meta.url),
  measure: (subject, _workload, run) => {
    const args = [byId(subjects, subject).id, `${run.origin}/json/${answerBytes}`];
    return measureStartup({ name: "first-call", args, expected: JSON.parse(jsonOfSize(answerBytes)) }, run);
  },
};
