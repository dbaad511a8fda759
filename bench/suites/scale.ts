import { jsonOfSize } from "../canned-answers.ts";
import { byId } from "../named.ts";
import { FarSide } from "../subjects/scale/far-side.ts";
import type { Named, Run, Sample, Suite } from "../suite.ts";
import { payloadOf } from "../websocket-frames.ts";
import { type Crowd, type CrowdPlan, type Crowds, measureCrowd } from "./scale-crowd.ts";
import { type Axis, axisFor, slopeTable, slopeTargets } from "./scale-figures.ts";
import { assertOpenFiles } from "./scale-open-files.ts";
import { measureRegistry } from "./scale-registry.ts";

interface Workload extends Named, Axis {
  measure(subject: "bare" | "hawser", run: Run): Promise<Sample>;
}

const baseline = "bare";
const subjects = [
  { id: baseline, about: "A `Pool` of undici and `request` with `body.json()`; a `ws` socket; services made by hand." },
  {
    id: "hawser",
    about: "A `RESTService` or `WebSocketService` with nothing but name, base URL and `maxConnections`.",
  },
] as const;

function crowd(
  plan: CrowdPlan,
  about: string,
  connections: number,
  open: (crowds: Crowds, run: Run, origins: readonly string[]) => Promise<Crowd>,
): Workload {
  const { id, sizes, fitFrom } = plan;
  return {
    id,
    about,
    sizes,
    fitFrom,
    measure: async (subject, run) => {
      assertOpenFiles(connections);
      const crowds: Crowds =
        subject === "hawser"
          ? await import("../subjects/scale/hawser-crowds.ts")
          : await import("../subjects/scale/bare-crowds.ts");
      const origins = await new FarSide(run.origin).origins();
      return measureCrowd(axisFor(plan, run.measureMs), run, () => open(crowds, run, origins));
    },
  };
}

const json: unknown = JSON.parse(jsonOfSize(200));
const many = [1, 10, 30, 100, 300, 1_000, 3_000, 5_000];
const most = 5_000;
const fewConnections = 100;
const callsEach = 10;
const registry = { id: "registry", sizes: [1, 10, 30, 100, 300, 1_000], fitFrom: 30 };

const workloads: readonly Workload[] = [
  crowd(
    { id: "origins", sizes: [1, 3, 10, 30, 100], fitFrom: 10, lanesEach: callsEach, memory: "busy", expected: json },
    `1 to 100 origins, a service each, and ${callsEach} calls in flight to each.`,
    100 * callsEach,
    (crowds, _run, origins) => crowds.openOrigins(origins, callsEach),
  ),
  crowd(
    { id: "calls", sizes: many, fitFrom: 30, lanesEach: 1, memory: "busy", expected: json },
    `1 to ${most} calls in flight to one service, with a connection each.`,
    most,
    (crowds, { origin }) => crowds.openCalls(origin, most),
  ),
  crowd(
    {
      id: "calls-queued",
      sizes: [100, 200, 500, 1_000, 2_000, most],
      fitFrom: 200,
      lanesEach: 1,
      served: fewConnections,
      memory: "busy",
      expected: json,
    },
    `100 to ${most} calls to one service with ${fewConnections} connections: the others wait.`,
    fewConnections,
    (crowds, { origin }) => crowds.openCalls(origin, fewConnections),
  ),
  crowd(
    { id: "calls-one-signal", sizes: many, fitFrom: 30, lanesEach: 1, memory: "busy", expected: json },
    "The same as `calls`, and one signal would end all of them: that of a job, or of a server that stops.",
    most,
    (crowds, { origin }) => crowds.openCalls(origin, most, new AbortController().signal),
  ),
  crowd(
    {
      id: "streams",
      sizes: [1, 10, 30, 100, 300, 1_000, 2_000],
      fitFrom: 30,
      lanesEach: 1,
      memory: "idle",
      expected: payloadOf("text-32B"),
    },
    "1 to 2,000 streams: a message of 32 bytes on each, its answer, and the next one. Memory: of idle ones.",
    2_000,
    (crowds, { origin }) => crowds.openStreams(origin),
  ),
  {
    ...registry,
    about:
      "1 to 1,000 services of a registry, one in ten made by functions of the one before it: definition, start, 100 times " +
      "`get`, ten times health of all, stop. CPU: all of these.",
    measure: async (subject, run) => {
      const { make } =
        subject === "hawser"
          ? await import("../subjects/scale/hawser-registry.ts")
          : await import("../subjects/scale/bare-registry.ts");
      return measureRegistry(axisFor(registry, run.measureMs), run, make);
    },
  },
];

/** Whether what a call, a stream or a service costs stays the same when there are many. */
export const scale: Suite = {
  id: "scale",
  title: "Scale: what each costs as there are more",
  baseline,
  workloads,
  subjects,
  server: new URL("../servers/canned-late.ts", import.meta.url),
  measure: async (subject, workload, run) => byId(workloads, workload).measure(byId(subjects, subject).id, run),
  targets: slopeTargets(workloads, "hawser"),
  conclusions: (rows) => slopeTable(rows, workloads),
};
