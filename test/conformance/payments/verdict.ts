import type { GatewayLedger } from "../../../sandbox/payment-gateway.ts";
import type { LoggedRequest } from "../../../sandbox/request-log.ts";
import type { Books, JournaledCall } from "./books.ts";
import type { Order } from "./order.ts";

/** Everything that the verdict is made of: what was wanted, what the shop says, and what the gateway has on record. */
export interface Evidence {
  readonly orders: readonly Order[];
  readonly killsWanted: number;
  readonly kills: number;
  readonly books: Books;
  /** What customers were told while the shop ran: it must be true whatever was killed then. */
  readonly told: readonly { readonly reference: string; readonly paymentId: string }[];
  readonly ledger: GatewayLedger;
  readonly requests: readonly LoggedRequest[];
  /** How often each fault struck that was switched on. */
  readonly struck: Readonly<Record<string, number>>;
}

/** What a shop knows of a call; `cut-off`: its process was killed before it knew anything. */
export type Saying = "success" | "accepted" | "unknown" | "cut-off" | "rejected" | "not-sent";

/** So many calls ended like this, and so many of them made a charge. */
export interface Tally {
  readonly calls: number;
  readonly charged: number;
}

/** The verdict: it holds where there is no problem. */
export interface Proof {
  readonly payments: {
    readonly ordered: number;
    readonly confirmed: number;
    readonly charges: number;
    /** Ordered, and not both confirmed and charged as ordered. */
    readonly lost: number;
    /** Charges beyond the one for each order, and those that nobody ordered. */
    readonly double: number;
  };
  readonly calls: Readonly<Record<Saying, Tally>>;
  /** Calls whose end promised that they took no effect, although one of their requests made a charge. */
  readonly understated: number;
  /** Attempts after the first, within calls whose end is known. */
  readonly retries: number;
  /** Requests that reached the gateway. */
  readonly requests: number;
  readonly kills: number;
  readonly struck: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

/** Holds what the shop says of every order and every call against the gateway's books. */
export function prove(evidence: Evidence): Proof {
  const payments = provePayments(evidence);
  const { calls, understated, retries, problems } = proveCalls(evidence);
  const { books, kills, killsWanted, requests, struck } = evidence;
  const all = [
    none(payments.ordered - payments.confirmed, "orders were not confirmed"),
    none(payments.lost, "payments were lost"),
    none(payments.double, "charges were made twice, or for no order"),
    none(rekeyed(evidence), "orders were given a second key"),
    none(falselyTold(evidence), "customers were told what the journal does not hold"),
    ...problems,
    none(requests.filter(({ isOver }) => !isOver).length, "requests were not over when the gateway's books were read"),
    none(killsWanted - kills, "kills are missing"),
    none(Math.abs(books.runs - kills - 1), "processes of the shop too many or too few are in the journal"),
    none(Object.values(struck).filter((times) => times === 0).length, "kinds of fault never struck"),
  ];
  return {
    payments,
    calls,
    understated,
    retries,
    requests: requests.length,
    kills,
    struck,
    problems: all.filter((problem) => problem !== undefined),
  };
}

function provePayments({ orders, books, ledger }: Evidence): Proof["payments"] {
  const charges = new Map(ledger.charges.map((charge) => [charge.id, charge]));
  const keys = new Map(books.orders.map(({ reference, idempotencyKey }) => [reference, idempotencyKey]));
  const isKept = ({ reference, amount, currency }: Order): boolean => {
    const charge = charges.get(books.paid.get(reference) ?? "");
    return (
      charge?.reference === reference &&
      charge.amount === amount &&
      charge.currency === currency &&
      charge.idempotencyKey === keys.get(reference)
    );
  };
  const ordered = new Set(orders.map(({ reference }) => reference));
  // By reference and not by key: a second charge under another key is one as well.
  const charged = new Set(ledger.charges.map(({ reference }) => reference ?? "").filter((one) => ordered.has(one)));
  return {
    ordered: orders.length,
    confirmed: orders.filter(({ reference }) => books.paid.has(reference)).length,
    charges: ledger.charges.length,
    lost: orders.filter((order) => !isKept(order)).length,
    double: ledger.charges.length - charged.size,
  };
}

function rekeyed({ books }: Evidence): number {
  return books.orders.length - new Set(books.orders.map(({ reference }) => reference)).size;
}

function falselyTold({ told, books }: Evidence): number {
  return told.filter(({ reference, paymentId }) => books.paid.get(reference) !== paymentId).length;
}

function proveCalls({
  books,
  ledger,
  requests,
}: Evidence): Pick<Proof, "calls" | "understated" | "retries" | "problems"> {
  const charging = new Set(ledger.charges.map(({ requestId }) => requestId));
  const seen = Map.groupBy(requests, ({ requestId }) => requestId);
  const known = new Set(books.calls.map(({ id }) => id));
  const keys = new Map(books.orders.map(({ reference, idempotencyKey }) => [reference, idempotencyKey]));
  const calls = {} as Record<Saying, Tally>;
  for (const saying of sayings) calls[saying] = { calls: 0, charged: 0 };
  const found = { understated: 0, reached: 0, undeclared: 0, invented: 0, unexplained: 0, wrongKey: 0, retries: 0 };

  for (const call of books.calls) {
    const saying = sayingOf(call);
    const hasCharged = charging.has(call.id);
    const before = calls[saying];
    calls[saying] = { calls: before.calls + 1, charged: before.charged + (hasCharged ? 1 : 0) };
    const arrived = seen.get(call.id) ?? [];
    const promisesNoEffect = saying === "not-sent" || saying === "rejected";
    if (promisesNoEffect && hasCharged) found.understated += 1;
    if (saying === "not-sent" && arrived.length > 0) found.reached += 1;
    if (arrived.some(({ idempotencyKey }) => idempotencyKey !== keys.get(call.reference))) found.wrongKey += 1;
    // Only the process that a kill ended may have left a call without an end, and the last one was not killed.
    if (call.end === undefined && call.run === books.runs) found.unexplained += 1;
    if (call.end === undefined) continue;
    const { attempts } = call.end;
    found.retries += Math.max(0, attempts.length - 1);
    // Attempt by attempt: each request that arrived is owned up to, and no answer is claimed that was not given.
    if (arrived.length > attempts.filter(({ outcome }) => outcome !== "not-sent").length) found.undeclared += 1;
    if (!isCovered(statusesOf(attempts), statusesOf(arrived))) found.invented += 1;
  }

  const strangers = requests.filter(({ requestId }) => !known.has(requestId)).length;
  const strangeCharges = ledger.charges.filter(({ requestId }) => !known.has(requestId ?? "")).length;
  const problems = [
    none(found.understated, "calls said that they took no effect, and had made a charge"),
    none(found.reached, "calls said that nothing was sent, and the gateway saw them"),
    none(found.undeclared, "calls sent more requests than they own up to"),
    none(found.invented, "calls report an answer that the gateway never gave"),
    none(found.wrongKey, "calls came under another key than their order's"),
    none(found.unexplained, "calls have no end in the journal, and no kill explains it"),
    none(strangers, "requests came from no call in the journal"),
    none(strangeCharges, "charges were made by no call in the journal"),
  ];
  return {
    calls,
    understated: found.understated,
    retries: found.retries,
    problems: problems.filter((problem) => problem !== undefined),
  };
}

const sayings = ["success", "accepted", "unknown", "cut-off", "rejected", "not-sent"] as const;

function sayingOf({ end }: JournaledCall): Saying {
  if (end === undefined) return "cut-off";
  return end.kind === "paid" ? "success" : end.outcome;
}

function statusesOf(list: readonly { readonly status?: number | null }[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { status } of list)
    if (status !== undefined && status !== null) counts.set(status, (counts.get(status) ?? 0) + 1);
  return counts;
}

/** Whether each is there as often as it is claimed. */
function isCovered(claimed: ReadonlyMap<number, number>, given: ReadonlyMap<number, number>): boolean {
  return [...claimed].every(([status, times]) => times <= (given.get(status) ?? 0));
}

const none = (count: number, what: string): string | undefined => (count === 0 ? undefined : `${count} ${what}`);
