import type { AccessTokens } from "./access-tokens.ts";
import { type Answer, hasApiKey, problem } from "./answer.ts";
import { IdempotencyKeys } from "./idempotency.ts";
import { Ledger } from "./ledger.ts";
import type { Call, RestService } from "./rest-server.ts";

/** A payment as the gateway answers it. */
export interface Payment {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly reference: string | null;
  readonly status: "captured";
  readonly createdAt: string;
}

/** A charge as the ledger shows it. */
export interface Charge {
  readonly id: string;
  readonly amount: number;
  readonly currency: string;
  readonly reference: string | null;
  readonly idempotencyKey: string | null;
  /** The `X-Request-Id` of the request that made it; one that was answered from the books under its key made none. */
  readonly requestId: string | null;
  readonly at: string;
}

/** What `GET /__ledger` answers. */
export interface GatewayLedger {
  /** Every charge ever made. */
  readonly charges: readonly Charge[];
  /** Every key ever seen; `chargeId` is `null` while nothing was charged under it. */
  readonly keys: readonly { readonly key: string; readonly chargeId: string | null; readonly timesSeen: number }[];
  /** The requests whose body was read, `/health` aside. */
  readonly requests: number;
}

/** A payment gateway without a socket, for whoever has the key or an access token that is good now. */
export function createPaymentGateway(apiKey: string, tokens: AccessTokens): RestService {
  const ledger = new Ledger<Charge>();
  const keys = new IdempotencyKeys();
  let lastNumber = 0;

  return {
    isAllowed: (authorization) => hasApiKey(authorization, apiKey) || tokens.isGood(authorization),
    see: (key) => ledger.see(key),
    routes: [
      { method: "POST", path: "/v1/payments", handle: create },
      { method: "GET", path: "/v1/payments", handle: list },
      { method: "GET", path: "/v1/payments/:id", handle: read },
    ],
    controlPath: "/__ledger",
    report: (): GatewayLedger => ({
      charges: ledger.entries(),
      keys: ledger.keys().map(({ key, entryId, timesSeen }) => ({ key, chargeId: entryId, timesSeen })),
      requests: ledger.requests,
    }),
    clear() {
      ledger.clear();
      keys.clear();
    },
  };

  function create(call: Call): Answer | Promise<Answer> {
    const order = parseOrder(call.body);
    if (order === undefined) {
      const wanted = '"amount" must be a number above 0, "currency" three letters, "reference" a string or absent.';
      return problem(400, "Bad payment", wanted);
    }
    const { amount, currency, reference } = order;
    return keys.answer(call.key, JSON.stringify([amount, currency, reference]), async () => {
      // Before anything is waited for: whoever gives up on a slow answer has been charged, and the ledger says so.
      const charge = makeCharge(order, call);
      await call.worked;
      return { status: 201, headers: { location: `/v1/payments/${charge.id}` }, body: paymentOf(charge) };
    });
  }

  function makeCharge(order: Order, { key, requestId }: Call): Charge {
    // The number goes on after a clear: an id never means two payments.
    const id = `pay_${String(++lastNumber).padStart(6, "0")}`;
    const made = { idempotencyKey: key ?? null, requestId: requestId ?? null, at: new Date().toISOString() };
    const charge = { id, ...order, ...made };
    ledger.record(charge, key);
    return charge;
  }

  function read({ params }: Call): Answer {
    const charge = ledger.entry(params["id"] ?? "");
    return charge === undefined
      ? problem(404, "Not found", "There is no payment with this id.")
      : { status: 200, body: paymentOf(charge) };
  }

  function list({ query }: Call): Answer {
    const limit = query.has("limit") ? Number(query.get("limit")) : 20;
    if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
      return problem(400, "Bad limit", '"limit" must be a whole number from 1 to 100.');
    }
    const charges = ledger.entries();
    const after = query.get("after");
    const start = after === null ? 0 : charges.findIndex(({ id }) => id === after) + 1;
    if (after !== null && start === 0) return problem(400, "Bad after", '"after" must be the id of a payment.');
    const page = charges.slice(start, start + limit);
    const last = page.at(-1);
    const next = last !== undefined && start + limit < charges.length ? last.id : null;
    const link = `</v1/payments?limit=${limit}&after=${next}>; rel="next"`;
    const body = { data: page.map(paymentOf), hasMore: next !== null, next };
    return next === null ? { status: 200, body } : { status: 200, headers: { link }, body };
  }
}

interface Order {
  readonly amount: number;
  readonly currency: string;
  readonly reference: string | null;
}

function parseOrder(body: unknown): Order | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { amount, currency, reference = null } = body as Readonly<Record<string, unknown>>;
  if (typeof amount !== "number" || amount <= 0) return undefined;
  if (typeof currency !== "string" || !/^[A-Za-z]{3}$/.test(currency)) return undefined;
  if (reference !== null && typeof reference !== "string") return undefined;
  return { amount, currency, reference };
}

function paymentOf({ id, amount, currency, reference, at }: Charge): Payment {
  return { id, amount, currency, reference, status: "captured", createdAt: at };
}
