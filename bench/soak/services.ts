import { z } from "zod";
import {
  defineServices,
  json,
  RESTService,
  rest,
  type ServiceRegistry,
  silentLogger,
  WebSocketService,
  ws,
} from "hawser";

/** What the far side says over a stream. */
const FeedMessage = z.object({
  key: z.string().optional(),
  n: z.number().optional(),
  at: z.number().optional(),
  subscribed: z.array(z.string()).optional(),
  answer: z.number().optional(),
});
export type FeedMessage = z.infer<typeof FeedMessage>;

export class Payments extends RESTService {}
export class Catalog extends RESTService {}
export class Files extends RESTService {}
export class Feed extends WebSocketService<FeedMessage> {}

/** The services of the soak. */
export interface SoakServices extends Readonly<Record<string, unknown>> {
  readonly payments: Payments;
  readonly catalog: Catalog;
  readonly files: Files;
  readonly feed: Feed;
  readonly ticker: Feed;
}

/** For a call; the far side's late answers come after the limit of an attempt and before this. */
export const deadlineMs = 4_000;
export const streamLimitMs = 2_000;

const limits = { deadlineMs, attemptTimeoutMs: 1_000, connectTimeoutMs: 1_000, bodyIdleTimeoutMs: 1_000 };
const feed = {
  codec: json(FeedMessage),
  reconnect: { baseDelayMs: 50, maxDelayMs: 500, stableAfterMs: 1_000 },
  pingIntervalMs: 500,
  pingTimeoutMs: 1_000,
  connectTimeoutMs: 2_000,
  sendTimeoutMs: streamLimitMs,
  requestTimeoutMs: streamLimitMs,
  subscriptions: {
    subscribe: (keys: readonly string[]) => ({ subscribe: keys }),
    unsubscribe: (keys: readonly string[]) => ({ unsubscribe: keys }),
    confirmedBy: ({ subscribed }: FeedMessage) => subscribed,
    keyOf: ({ key }: FeedMessage) => key,
  },
  // A reload of the key moves the stream to a new connection; and few ids, so that they are all there after the warm-up.
  dedupe: { idOf: ({ key, n, at }: FeedMessage) => key && `${key} ${n} ${at}`, maxIds: 200 },
};

/** @param origin - of the far side, as `http://…`. */
export function soakServices(origin: string): ServiceRegistry<SoakServices> {
  const definitions = {
    payments: rest(Payments, { baseUrl: origin, ...limits, idempotency: true }),
    catalog: rest(Catalog, { baseUrl: origin, ...limits, coalesce: true, hedge: { minSamples: 20, ratio: 0.2 } }),
    files: rest(Files, { baseUrl: origin, ...limits, circuitBreaker: false }),
    feed: ws(Feed, { baseUrl: origin.replace("http", "ws"), ...feed }),
    ticker: ws(Feed, { baseUrl: origin.replace("http", "ws"), ...feed }),
  };
  let readings = 0;
  return defineServices(definitions, { env: () => settingsAt(readings++), logger: silentLogger });
}

/** Each time something else: a key, limits, and the number of connections, for which a pool is made anew. */
function settingsAt(reading: number): Record<string, string> {
  return {
    PAYMENTS_API_KEY: `key-${reading}`,
    CATALOG_MAX_CONNECTIONS: String(8 + (reading % 2)),
    FILES_ATTEMPT_TIMEOUT: `${1_000 + (reading % 3)}ms`,
    FEED_API_KEY: `key-${reading}`,
    TICKER_PING_INTERVAL: `${500 + (reading % 2)}ms`,
  };
}
