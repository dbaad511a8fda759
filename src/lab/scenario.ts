/** How long one request keeps a worker busy when the service is well. */
export type ServiceTime =
  | { readonly kind: "exponential"; readonly meanMs: number }
  /** `sigma` is that of the underlying normal distribution; 1 gives a 99th percentile of 6 times the mean. */
  | { readonly kind: "log-normal"; readonly meanMs: number; readonly sigma: number };

/** A service as the lab models it: workers, a queue in front of them, and habits. */
export interface ModelledService {
  /** Instances that share nothing. Each has its own workers and queue. */
  readonly origins: number;
  /** `bound`: a call is meant for one origin and its retries go there too. `balanced`: each attempt lands on any. */
  readonly routing: "bound" | "balanced";
  /** Of each origin. Its capacity is `workers / meanMs`. */
  readonly workers: number;
  /** `fifo`: one request per worker, the others wait. `shared`: all are worked on at once, each more slowly. */
  readonly discipline: "fifo" | "shared";
  readonly serviceTime: ServiceTime;
  /** Requests that wait (`fifo`) or are under way (`shared`) at most; one more is answered 503 at once. */
  readonly maxQueued: number | "unbounded";
  /** Whether the service notices that its client has gone, or works for nobody. */
  readonly abandonedWork: "served" | "dropped";
  /** Requests granted in each fixed window, over all origins and clients; others are answered 429 with Retry-After. */
  readonly quota?: { readonly requests: number; readonly perMs: number };
}

/** Something that is wrong for a while. Times are milliseconds after the fault begins. */
export type Fault = { readonly fromMs: number; readonly toMs: number } & (
  | { readonly kind: "speed"; readonly factor: number; readonly origin?: number }
  /** A share of the requests is answered with this status, after the usual work. */
  | { readonly kind: "errors"; readonly share: number; readonly status: number }
  /** A share of the answers comes late, without keeping a worker. */
  | { readonly kind: "stalls"; readonly share: number; readonly byMs: number }
  /** What was under way is reset, and new connections are refused at once. */
  | { readonly kind: "down" }
  /** Everything is lost without an answer. */
  | { readonly kind: "silent" }
  /** Callers ask for this share of the capacity. */
  | { readonly kind: "load"; readonly load: number }
);

/** One situation that every subject of the lab is put into. Plain data. */
export interface Scenario {
  readonly id: string;
  /** What happens, in one line. */
  readonly title: string;
  /** Where the situation and its numbers come from. */
  readonly why: string;
  readonly service: ModelledService;
  /** Calls asked for per second, as a share of what the service can do when it is well. */
  readonly load: number;
  /** Client processes; each has a pipeline of its own and an equal part of the load. */
  readonly processes: number;
  readonly attemptTimeoutMs: number;
  readonly deadlineMs: number;
  /** Before the fault; not measured. */
  readonly warmUpMs: number;
  readonly faultMs: number;
  readonly afterMs: number;
  readonly faults: readonly Fault[];
}
