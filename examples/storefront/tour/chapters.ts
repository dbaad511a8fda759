/** A fault and the server of the sandbox that it is switched on at; what it may say is in sandbox/README.md. */
export interface Switch {
  readonly server: "gateway" | "notifications" | "feed";
  readonly fault: { readonly kind: string; readonly [field: string]: unknown };
}

/** One part of the tour: customers pay, prices come in, and something is wrong. */
export interface Chapter {
  readonly title: string;
  /** What is switched on, in words. */
  readonly about: string;
  /** In the order in which they are switched on. */
  readonly faults: readonly Switch[];
  /** How often they are switched on, each time when the feed is back. @defaultValue 1 */
  readonly rounds?: number;
  readonly seconds: number;
  readonly quickSeconds: number;
}

/** How many customers pay in each chapter. */
export const paymentsPerChapter = 18;

const payments = { method: "POST", path: "/v1/payments" };

/** The tour, in order. */
export const chapters: readonly Chapter[] = [
  {
    title: "Fair weather",
    about: "nothing: this is how it should be",
    faults: [],
    seconds: 8,
    quickSeconds: 1,
  },
  {
    title: "A slow gateway",
    about: "each payment takes the gateway 400 ms longer",
    faults: [{ server: "gateway", fault: { kind: "latency", ms: 400, ...payments } }],
    seconds: 9,
    quickSeconds: 1,
  },
  {
    title: "A burst of errors",
    about: "half of all payments are answered 503, and half of the others 500",
    faults: [
      { server: "gateway", fault: { kind: "error", status: 503, ratio: 0.5, seed: 1, ...payments } },
      { server: "gateway", fault: { kind: "error", status: 500, ratio: 0.5, seed: 2, ...payments } },
    ],
    seconds: 9,
    quickSeconds: 1,
  },
  {
    title: "Too many requests",
    about: "up to twelve payments are answered 429, with Retry-After: 1",
    faults: [{ server: "gateway", fault: { kind: "rate-limit", retryAfterS: 1, times: 12, ...payments } }],
    seconds: 9,
    quickSeconds: 1,
  },
  {
    title: "Connections that break before the charge",
    about: "half of all payments: connection reset before the gateway has read them",
    faults: [{ server: "gateway", fault: { kind: "reset-before-read", ratio: 0.5, seed: 3, ...payments } }],
    seconds: 9,
    quickSeconds: 1,
  },
  {
    title: "Connections that break after the charge",
    about: "half of all payments: charged, then reset without an answer, the cruel one",
    faults: [{ server: "gateway", fault: { kind: "reset-after-read", ratio: 0.5, seed: 4, ...payments } }],
    seconds: 9,
    quickSeconds: 1,
  },
  {
    title: "Answers that stop halfway",
    about: "a third of all payments: charged, then half an answer and silence",
    faults: [{ server: "gateway", fault: { kind: "stalled-body", ratio: 0.35, seed: 5, ...payments } }],
    seconds: 10,
    quickSeconds: 2.5,
  },
  {
    title: "A gateway that is gone",
    about: "nobody listens on its port",
    faults: [{ server: "gateway", fault: { kind: "refused" } }],
    seconds: 9,
    quickSeconds: 1.5,
  },
  {
    title: "No notifications",
    about: "the notification service answers 503 to everything",
    faults: [{ server: "notifications", fault: { kind: "error", status: 503, method: "POST" } }],
    seconds: 9,
    quickSeconds: 1,
  },
  {
    title: "A feed that is cut, again and again",
    about: "ten times: the stream is cut as soon as it is back",
    faults: [{ server: "feed", fault: { kind: "drop" } }],
    rounds: 10,
    seconds: 13,
    quickSeconds: 2,
  },
  {
    title: "A feed that lets nobody in",
    about: "the stream is cut, and every new one is refused with 503",
    faults: [
      { server: "feed", fault: { kind: "refused", status: 503 } },
      { server: "feed", fault: { kind: "drop" } },
    ],
    seconds: 9,
    quickSeconds: 1.5,
  },
  {
    title: "A feed that falls silent",
    about: "the stream stays open, and nothing comes through it",
    faults: [{ server: "feed", fault: { kind: "black-hole" } }],
    seconds: 9,
    quickSeconds: 4,
  },
];
