import { type Answer, hasApiKey, problem } from "./answer.ts";
import { IdempotencyKeys } from "./idempotency.ts";
import { Ledger } from "./ledger.ts";
import type { Call, RestService } from "./rest-server.ts";

/** A notification as `GET /__sent` shows it. */
export interface SentNotification {
  readonly id: string;
  readonly paymentId: string;
  readonly channel: string;
  readonly text: string | null;
  readonly idempotencyKey: string | null;
  /** How many requests came with its key; 0 without one. */
  readonly timesSeen: number;
  readonly at: string;
}

/** What `GET /__sent` answers. */
export interface SentNotifications {
  /** Every notification ever sent. */
  readonly sent: readonly SentNotification[];
  /** Every key ever seen; `sentId` is `null` while nothing was sent under it. */
  readonly keys: readonly { readonly key: string; readonly sentId: string | null; readonly timesSeen: number }[];
  /** The requests whose body was read, `/health` aside. */
  readonly requests: number;
}

/** A notification service without a socket. */
export function createNotificationService(apiKey: string): RestService {
  const ledger = new Ledger<Omit<SentNotification, "timesSeen">>();
  const keys = new IdempotencyKeys();
  let lastNumber = 0;

  return {
    isAllowed: (authorization) => hasApiKey(authorization, apiKey),
    see: (key) => ledger.see(key),
    routes: [{ method: "POST", path: "/notify", handle: notify }],
    controlPath: "/__sent",
    report: (): SentNotifications => ({
      sent: ledger.entries().map((entry) => ({ ...entry, timesSeen: ledger.timesSeen(entry.idempotencyKey) })),
      keys: ledger.keys().map(({ key, entryId, timesSeen }) => ({ key, sentId: entryId, timesSeen })),
      requests: ledger.requests,
    }),
    clear() {
      ledger.clear();
      keys.clear();
    },
  };

  function notify(call: Call): Answer | Promise<Answer> {
    const order = parseOrder(call.body);
    if (order === undefined) {
      const wanted =
        '"paymentId" (or "payment_id") must be a string that is not empty, "channel" and "text" strings or absent.';
      return problem(400, "Bad notification", wanted);
    }
    const { paymentId, channel, text } = order;
    return keys.answer(call.key, JSON.stringify([paymentId, channel, text]), async () => {
      const id = `ntf_${String(++lastNumber).padStart(6, "0")}`;
      ledger.record({ id, ...order, idempotencyKey: call.key ?? null, at: new Date().toISOString() }, call.key);
      await call.worked;
      return { status: 202, body: { id, paymentId, status: "queued" } };
    });
  }
}

interface Order {
  readonly paymentId: string;
  readonly channel: string;
  readonly text: string | null;
}

function parseOrder(body: unknown): Order | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const given = body as Readonly<Record<string, unknown>>;
  const { channel = "email", text = null } = given;
  // The Python design that Hawser grew from spells it payment_id.
  const paymentId = given["paymentId"] ?? given["payment_id"];
  if (typeof paymentId !== "string" || paymentId === "") return undefined;
  if (typeof channel !== "string" || (text !== null && typeof text !== "string")) return undefined;
  return { paymentId, channel, text };
}
