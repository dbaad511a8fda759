import type { Client } from "../measure-calls.ts";
import type { RestWork } from "../rest-work.ts";
import type { Named } from "../suite.ts";

/** A client, bare or with the stack of its users. */
export interface RestSubject extends Named {
  readonly open: (work: RestWork) => Promise<Client>;
}

/** The client that does least. */
export const rawSubject = "raw-socket";

/** The limits are those of Hawser's defaults wherever a peer has them: 2 retries, 10 s for an attempt. */
export const restSubjects: readonly RestSubject[] = [
  {
    id: rawSubject,
    about:
      "node:net or node:tls, one request after the other on each socket, the answer's head searched for its end and no more.",
    open: async (work) => (await import("../subjects/rest/raw-socket.ts")).open(work),
  },
  {
    id: "undici.dispatch",
    about: "`Pool.dispatch` with a handler that collects the body and parses it: the least that undici allows.",
    open: async (work) => (await import("../subjects/rest/undici-dispatch.ts")).open(work),
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
    id: "undici.request+opossum",
    about: "The same in a breaker of opossum with a timeout of 10 s, and no retries.",
    open: async (work) => (await import("../subjects/rest/undici-opossum.ts")).open(work),
  },
  {
    id: "undici.request+cockatiel",
    about: "The same in `wrap(retry, circuitBreaker, timeout)` of cockatiel.",
    open: async (work) => (await import("../subjects/rest/undici-cockatiel.ts")).open(work),
  },
  {
    id: "hawser-default",
    about: "A `RESTService` with nothing but name, base URL and `maxConnections`.",
    open: async (work) => (await import("../subjects/rest/hawser.ts")).openDefault(work),
  },
  {
    id: "hawser-everything",
    about:
      "The same with a client-side rate, and metrics: a subscriber that sorts every call and attempt into histograms. " +
      "Breaker, adaptive limit and retry budget are on by default; hedging is not.",
    open: async (work) => (await import("../subjects/rest/hawser.ts")).openEverything(work),
  },
  {
    id: "node:http",
    about: "`http.request` or `https.request` with a keep-alive agent, the chunks collected and parsed.",
    open: async (work) => (await import("../subjects/rest/node-http.ts")).openBare(work),
  },
  {
    id: "node:http+cockatiel",
    about: "The same in `wrap(retry, circuitBreaker, timeout)` of cockatiel.",
    open: async (work) => (await import("../subjects/rest/node-http.ts")).openStacked(work),
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
    id: "ofetch",
    about: "ofetch with no retries and no timeout.",
    open: async (work) => (await import("../subjects/rest/ofetch.ts")).openBare(work),
  },
  {
    id: "ofetch+retry",
    about: "ofetch with 2 retries and `timeout`.",
    open: async (work) => (await import("../subjects/rest/ofetch.ts")).openRetrying(work),
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
  {
    id: "wretch",
    about: "wretch over Node's own fetch.",
    open: async (work) => (await import("../subjects/rest/wretch.ts")).openBare(work),
  },
  {
    id: "wretch+retry",
    about: "The same with its retry middleware (2 retries, of network errors too) and `setTimeout` of its abort addon.",
    open: async (work) => (await import("../subjects/rest/wretch.ts")).openRetrying(work),
  },
  {
    id: "openapi-fetch",
    about: "openapi-fetch over Node's own fetch.",
    open: async (work) => (await import("../subjects/rest/openapi-fetch.ts")).openBare(work),
  },
  {
    id: "openapi-fetch+p-retry",
    about:
      "The same with a `fetch` in p-retry (2 retries), a copy of the request and `AbortSignal.timeout` for each attempt.",
    open: async (work) => (await import("../subjects/rest/openapi-fetch.ts")).openRetrying(work),
  },
];
