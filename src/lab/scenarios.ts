import type { ModelledService, Scenario } from "./scenario.ts";

// Frozen. These were written before the lab had run anything, and are not tuned afterwards: not to please Hawser, and
// not to please a peer. A test pins their hash. A new situation is a new scenario beside them.

/** Seeds of every scenario. Twenty: the standard error of a mean is then below a quarter of the spread. */
export const seeds: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];

/** How the figures are taken; frozen with the scenarios, for a measure can be tuned like a scenario. */
export const measures = {
  /** One way, between client and service: two machines of one data centre. It also keeps a refusal from taking no time. */
  networkMs: 1,
  /** Recovered: the calls that began in a span of this length succeeded, by this share. */
  recoveryWindowMs: 3_000,
  recoveryShare: 0.95,
  /** Where such a span may begin: at the end of the fault, and every so often after it. */
  recoveryStepMs: 500,
  /** A service counts as failing where, during the fault, fewer of the calls of a client without retries succeed. */
  failingBelow: 0.5,
} as const;

// 4 workers of 20 ms: 200 requests a second. Small enough that twenty seeds of everything run in minutes, large enough
// that a second holds a hundred calls. 20 ms is a lookup by key behind an HTTP server.
const lookup: ModelledService = {
  origins: 1,
  routing: "bound",
  workers: 4,
  discipline: "fifo",
  serviceTime: { kind: "exponential", meanMs: 20 },
  // Listen backlogs and the queues of most frameworks are longer than any client waits.
  maxQueued: "unbounded",
  // Most frameworks do not stop a handler when its client disconnects.
  abandonedWork: "served",
};

const common = {
  // A fleet of ordinary size; each process sees 10 to 25 calls a second, too few to be sure of anything quickly.
  processes: 8,
  // Some twelve mean service times: far above the tail of a healthy service, far below a person's patience.
  attemptTimeoutMs: 250,
  // What a page has left for one of its calls. Room for every retry that a subject makes.
  deadlineMs: 2_000,
  // Longer than the 10 s windows of the policies, so that each has seen a healthy service.
  warmUpMs: 15_000,
  // Metastable states outlive their trigger by minutes; after 40 s without recovery we call it "never".
  afterMs: 40_000,
} as const;

/** The frozen scenarios. */
export const scenarios: readonly Scenario[] = [
  {
    ...common,
    id: "calm",
    title: "Nothing is wrong, at 80 % load",
    why: "The control: a policy that refuses calls of a healthy service costs more than it saves. 80 % is busy and stable; 60 s give a false alarm time to happen.",
    service: lookup,
    load: 0.8,
    faultMs: 60_000,
    afterMs: 0,
    faults: [],
  },
  {
    ...common,
    id: "slowdown-10s",
    title: "10 s at 5 % speed, at 70 % load",
    why: "The classic trigger of a metastable outage (HotOS'21): a lock, a lost index, a cold cache. 70 % is where services are run; 5 % leaves a request 400 ms, past every attempt timeout; 10 s is a short incident. Recovery is judged here.",
    service: lookup,
    load: 0.7,
    faultMs: 10_000,
    faults: [{ kind: "speed", factor: 0.05, fromMs: 0, toMs: 10_000 }],
  },
  {
    ...common,
    id: "slowdown-10s-many-processes",
    title: "The same, from 80 small processes",
    why: "The same fleet cut in ten: every process makes 1.75 calls a second and must decide on a handful of them. Serverless and many-replica deployments look like this.",
    service: lookup,
    load: 0.7,
    processes: 80,
    faultMs: 10_000,
    faults: [{ kind: "speed", factor: 0.05, fromMs: 0, toMs: 10_000 }],
  },
  {
    ...common,
    id: "slowdown-1s-at-95",
    title: "1 s at 5 % speed, at 95 % load",
    why: "The smallest trigger on the edge of the cliff: a garbage collection or a failover, with 5 % to spare for the backlog. Ten workers of 50 ms, for four at 95 % time out without any fault; 1 s per attempt and 4 s per call keep the ratio to the service time.",
    service: { ...lookup, workers: 10, serviceTime: { kind: "exponential", meanMs: 50 } },
    load: 0.95,
    attemptTimeoutMs: 1_000,
    deadlineMs: 4_000,
    faultMs: 1_000,
    faults: [{ kind: "speed", factor: 0.05, fromMs: 0, toMs: 1_000 }],
  },
  {
    ...common,
    id: "slowdown-60s-drops",
    title: "60 s at 5 % speed, at 50 % load; log-normal, cancelled work is dropped",
    why: "A long incident, for what decays or drains with time. Log-normal with sigma 1 is the shape of measured service times. A service that drops cancelled work forgives clients most; whoever is too careful loses here.",
    service: { ...lookup, serviceTime: { kind: "log-normal", meanMs: 20, sigma: 1 }, abandonedWork: "dropped" },
    load: 0.5,
    faultMs: 60_000,
    faults: [{ kind: "speed", factor: 0.05, fromMs: 0, toMs: 60_000 }],
  },
  {
    ...common,
    id: "slowdown-10s-shared",
    title: "10 s at 5 % speed, at 60 % load; processor sharing, log-normal, 503 above 500 in flight",
    why: "A service that begins everything at once (threads, an event loop) slows down for all instead of queueing. 500 is a common cap on connections; 60 % because sharing has the longer tail.",
    service: {
      ...lookup,
      discipline: "shared",
      serviceTime: { kind: "log-normal", meanMs: 20, sigma: 1 },
      maxQueued: 500,
    },
    load: 0.6,
    faultMs: 10_000,
    faults: [{ kind: "speed", factor: 0.05, fromMs: 0, toMs: 10_000 }],
  },
  {
    ...common,
    id: "flapping",
    title: "5 times 3 s at 5 % speed, 3 s apart, at 60 % load",
    why: "A replica that is restarted again and again, a saturated disk. Punishes whoever opens late and closes late: a cooldown that is in step with the fault misses every good phase.",
    service: lookup,
    load: 0.6,
    faultMs: 27_000,
    faults: [0, 6_000, 12_000, 18_000, 24_000].map((fromMs) => ({
      kind: "speed",
      factor: 0.05,
      fromMs,
      toMs: fromMs + 3_000,
    })),
  },
  {
    ...common,
    id: "errors-5",
    title: "5 % random 500s for 60 s, at 50 % load",
    why: "A bad replica among twenty, a flaky dependency. One retry cures nearly all, and nothing should be cut off.",
    service: lookup,
    load: 0.5,
    faultMs: 60_000,
    faults: [{ kind: "errors", share: 0.05, status: 500, fromMs: 0, toMs: 60_000 }],
  },
  {
    ...common,
    id: "errors-20",
    title: "20 % random 500s for 60 s, at 50 % load",
    why: "Where budgets of 10 % and breakers of 20 % begin to hurt although retries would cure nearly all; at 50 % there is room for them.",
    service: lookup,
    load: 0.5,
    faultMs: 60_000,
    faults: [{ kind: "errors", share: 0.2, status: 500, fromMs: 0, toMs: 60_000 }],
  },
  {
    ...common,
    id: "errors-50",
    title: "50 % random 500s for 30 s, at 30 % load",
    why: "Half of everything fails although there is capacity to spare: the case for retrying without a budget, kept because we expect to lose it. 30 % leaves room for three attempts of each call.",
    service: lookup,
    load: 0.3,
    faultMs: 30_000,
    faults: [{ kind: "errors", share: 0.5, status: 500, fromMs: 0, toMs: 30_000 }],
  },
  {
    ...common,
    id: "overload-130",
    title: "130 % load for 40 s; 100 wait, then 503",
    why: "A campaign, a lost replica out of four. A queue of 100 is 500 ms long, twice the attempt timeout, as queues are by default: what is served is served too late. 77 % is the most that anybody can get. 70 % before and after.",
    service: { ...lookup, maxQueued: 100 },
    load: 0.7,
    faultMs: 40_000,
    faults: [{ kind: "load", load: 1.3, fromMs: 0, toMs: 40_000 }],
  },
  {
    ...common,
    id: "overload-130-drops",
    title: "130 % load for 20 s; no bound, log-normal, cancelled work is dropped",
    why: "The same surge on a service that never says 503 but stops working for clients that left, so that timeouts are the only signal. 60 % before and after.",
    service: { ...lookup, serviceTime: { kind: "log-normal", meanMs: 20, sigma: 1 }, abandonedWork: "dropped" },
    load: 0.6,
    faultMs: 20_000,
    faults: [{ kind: "load", load: 1.3, fromMs: 0, toMs: 20_000 }],
  },
  {
    ...common,
    id: "crash",
    title: "Down for 5 s, then 5 s at half speed, at 70 % load",
    why: "A crash and a restart with cold caches: resets, connections refused at once, then less capacity (100 a second) than the 140 that are asked for. 5 s is a fast restart of a process.",
    service: lookup,
    load: 0.7,
    faultMs: 10_000,
    faults: [
      { kind: "down", fromMs: 0, toMs: 5_000 },
      { kind: "speed", factor: 0.5, fromMs: 5_000, toMs: 10_000 },
    ],
  },
  {
    ...common,
    id: "restart",
    title: "Down for 1 s, at 30 % load",
    why: "An ordinary deployment without a spare. A call's deadline is longer than the fault: patience alone saves every call.",
    service: lookup,
    load: 0.3,
    faultMs: 1_000,
    faults: [{ kind: "down", fromMs: 0, toMs: 1_000 }],
  },
  {
    ...common,
    id: "silence",
    title: "Nothing is answered for 10 s, at 50 % load",
    why: "A partition or a firewall that drops: every attempt runs into its timeout and the service does no work, so nothing is left behind when it is back.",
    service: lookup,
    load: 0.5,
    faultMs: 10_000,
    faults: [{ kind: "silent", fromMs: 0, toMs: 10_000 }],
  },
  {
    ...common,
    id: "quota",
    title: "429 above 100 a second, asked for 130 a second for 30 s",
    why: "The quota of a public API, per second and for all clients of a key, with Retry-After in whole seconds; the service itself has capacity to spare. 77 % is the most that anybody can get. 80 a second before and after.",
    service: { ...lookup, quota: { requests: 100, perMs: 1_000 } },
    load: 0.4,
    faultMs: 30_000,
    faults: [{ kind: "load", load: 0.65, fromMs: 0, toMs: 30_000 }],
  },
  {
    ...common,
    id: "stalls",
    title: "1 % of the answers 1 s late for 60 s, at 40 % load",
    why: "A lost packet, a collection of garbage: Dean and Barroso's tail at scale. Nothing is wrong with the service, and one more attempt is all it takes.",
    service: lookup,
    load: 0.4,
    faultMs: 60_000,
    faults: [{ kind: "stalls", share: 0.01, byMs: 1_000, fromMs: 0, toMs: 60_000 }],
  },
  {
    ...common,
    id: "brownout-bound",
    title: "One of three origins at 5 % speed for 20 s, at 60 % load; each call belongs to one",
    why: "Shards or regions under one client: two thirds of the calls must not notice. Three origins of two workers of 30 ms have the capacity of the others together.",
    service: { ...lookup, origins: 3, workers: 2, serviceTime: { kind: "exponential", meanMs: 30 } },
    load: 0.6,
    faultMs: 20_000,
    faults: [{ kind: "speed", factor: 0.05, origin: 0, fromMs: 0, toMs: 20_000 }],
  },
  {
    ...common,
    id: "brownout-balanced",
    title: "One of three replicas behind a balancer at 5 % speed for 20 s, at 50 % load",
    why: "The same behind one name and a balancer that does not look: every attempt has two chances in three, so a retry helps and a circuit for all of them hurts. 50 % leaves two replicas room for three.",
    service: {
      ...lookup,
      origins: 3,
      routing: "balanced",
      workers: 2,
      serviceTime: { kind: "exponential", meanMs: 30 },
    },
    load: 0.5,
    faultMs: 20_000,
    faults: [{ kind: "speed", factor: 0.05, origin: 0, fromMs: 0, toMs: 20_000 }],
  },
];
