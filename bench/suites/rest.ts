import { jsonOfSize } from "../canned-answers.ts";
import { serverDoubts } from "../headroom.ts";
import { type Client, measureCalls } from "../measure-calls.ts";
import { byId } from "../named.ts";
import type { Named, Suite } from "../suite.ts";

/** What every client of the suite does: one call after the other, each to the parsed JSON. */
export interface RestWork {
  readonly method: "GET" | "POST";
  /** Of the server, without a slash at the end. */
  readonly origin: string;
  readonly path: string;
  /** Sent as JSON, and made into text anew by each call; undefined for GET. */
  readonly json: unknown;
  /** Calls under way at the same time, and so the connections that a client is given. */
  readonly concurrency: number;
}

interface Workload extends Named {
  readonly method: "GET" | "POST";
  readonly concurrency: number;
}

interface Subject extends Named {
  readonly open: (work: RestWork) => Promise<Client>;
}

const answerBytes = 200;
const rawSubject = "raw-socket";

function at(concurrency: number): readonly Workload[] {
  const calls = concurrency === 1 ? "one call at a time" : `${concurrency} calls at a time`;
  return [
    { id: `get-200B@${concurrency}`, about: `GET, 200 B of JSON; ${calls}.`, method: "GET", concurrency },
    { id: `post-1KB@${concurrency}`, about: `POST of 1 KB, 200 B back; ${calls}.`, method: "POST", concurrency },
  ];
}

const workloads = [1, 64, 512].flatMap(at);

// The limits are those of Hawser's defaults wherever a peer has them: 2 retries, 10 s for an attempt.
const subjects: readonly Subject[] = [
  {
    id: rawSubject,
    about: "node:net, one request after the other on each socket, the answer's head searched for its end and no more.",
    open: async (work) => (await import("../subjects/rest/raw-socket.ts")).open(work),
  },
  {
    id: "undici.request",
    about: "`Pool.request` and `body.json()`.",
    open: async (work) => (await import("../subjects/rest/undici.ts")).openRequest(work),
  },
  {
    id: "undici.request+retry",
    about: "The same with undici's retry interceptor (2 retries), and a headers and body timeout of 10 s.",
    open: async (work) => (await import("../subjects/rest/undici.ts")).openRetrying(work),
  },
  {
    id: "undici.request+cockatiel",
    about: "The same in `wrap(retry, circuitBreaker, timeout)` of cockatiel.",
    open: async (work) => (await import("../subjects/rest/undici-cockatiel.ts")).open(work),
  },
  {
    id: "undici.dispatch",
    about: "`Pool.dispatch` with a handler that collects the body and parses it: the least that undici allows.",
    open: async (work) => (await import("../subjects/rest/undici.ts")).openDispatch(work),
  },
  {
    id: "hawser-default",
    about: "A `RESTService` with nothing but name, base URL and `maxConnections`.",
    open: async (work) => (await import("../subjects/rest/hawser.ts")).openDefault(work),
  },
  {
    id: "hawser-everything",
    about:
      "The same with a client-side rate, idempotency keys, and metrics: a subscriber that sorts every call and attempt " +
      "into histograms. Breaker, adaptive limit and retry budget are on by default.",
    open: async (work) => (await import("../subjects/rest/hawser.ts")).openEverything(work),
  },
  {
    id: "fetch",
    about: "Node's own `fetch` and `json()`.",
    open: async (work) => (await import("../subjects/rest/fetch.ts")).openBare(work),
  },
  {
    id: "fetch+p-retry",
    about: "The same in p-retry (2 retries), with `AbortSignal.timeout` for each attempt and a status that is checked.",
    open: async (work) => (await import("../subjects/rest/fetch.ts")).openRetrying(work),
  },
  {
    id: "got",
    about: "got with a keep-alive agent, no retries and no timeout.",
    open: async (work) => (await import("../subjects/rest/got.ts")).openBare(work),
  },
  {
    id: "got+retry",
    about: "The same with 2 retries and `timeout.request`.",
    open: async (work) => (await import("../subjects/rest/got.ts")).openRetrying(work),
  },
  {
    id: "ky",
    about: "ky with no retries and no timeout.",
    open: async (work) => (await import("../subjects/rest/ky.ts")).openBare(work),
  },
  {
    id: "ky+retry",
    about: "ky with 2 retries and `timeout`.",
    open: async (work) => (await import("../subjects/rest/ky.ts")).openRetrying(work),
  },
  {
    id: "axios",
    about: "axios with a keep-alive agent, over node:http.",
    open: async (work) => (await import("../subjects/rest/axios.ts")).openBare(work),
  },
  {
    id: "axios+axios-retry",
    about: "The same with axios-retry (2 retries, `exponentialDelay`) and `timeout`.",
    open: async (work) => (await import("../subjects/rest/axios.ts")).openRetrying(work),
  },
];

/** What a call over plain HTTP costs, through Hawser and through what else there is. */
export const rest: Suite = {
  id: "rest",
  title: "REST: one call over plain HTTP/1.1, to the parsed JSON",
  baseline: "undici.request",
  workloads,
  subjects,
  server: new URL("../servers/canned.ts", import.meta.url),
  async measure(subjectId, workloadId, run) {
    const { method, concurrency } = byId(workloads, workloadId);
    const json = method === "GET" ? undefined : JSON.parse(jsonOfSize(1_024));
    const work = { method, origin: run.origin, path: `/json/${answerBytes}`, json, concurrency };
    await using client = await byId(subjects, subjectId).open(work);
    const expected: unknown = JSON.parse(jsonOfSize(answerBytes));
    return await measureCalls(client, run, { concurrency, timed: "each", expected });
  },
  doubts: (rows) => serverDoubts(rows, rawSubject),
};
