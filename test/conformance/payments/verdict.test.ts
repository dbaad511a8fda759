import { describe, expect, test } from "vitest";
import { range } from "../../sandbox/bench.ts";
import type { Charge } from "../../../sandbox/payment-gateway.ts";
import type { LoggedRequest } from "../../../sandbox/request-log.ts";
import { booksOf, type CallEnd, type JournalRecord } from "./books.ts";
import type { Order } from "./order.ts";
import { type Evidence, prove } from "./verdict.ts";

const orders: readonly Order[] = range(1, 5).map((n) => ({ reference: `o${n}`, amount: n, currency: "EUR" }));
const taken = (order: Order): JournalRecord => ({ is: "order", ...order, idempotencyKey: `key-${order.reference}` });
const call = (id: string): JournalRecord => ({ is: "call", id, reference: id.split("/")[0] ?? "" });
const end = (id: string, what: CallEnd): JournalRecord => ({ is: "end", call: id, end: what });
const paid = (n: number, ...attempts: CallEnd["attempts"]): CallEnd => ({
  kind: "paid",
  paymentId: `pay-${n}`,
  attempts: [...attempts, { outcome: "accepted", status: 201 }],
});
const failed = (outcome: "not-sent" | "rejected" | "unknown", status?: number): CallEnd => ({
  kind: "failed",
  outcome,
  code: "some-code",
  attempts: [status === undefined ? { outcome } : { outcome, status }],
});

// Two processes. Order 1 is paid at once; 2 after a refusal; 3 after a call that never left and one that was charged
// and not answered; 4 after a call that the kill cut off; 5 within one call, at its second attempt.
const records: readonly JournalRecord[] = [
  { is: "run" },
  ...orders.map(taken),
  call("o1/1"),
  end("o1/1", paid(1)),
  call("o2/1"),
  end("o2/1", failed("rejected", 503)),
  call("o3/1"),
  end("o3/1", failed("not-sent")),
  call("o3/2"),
  end("o3/2", failed("unknown")),
  call("o4/1"),
  { is: "run" },
  call("o2/2"),
  end("o2/2", paid(2)),
  call("o3/3"),
  end("o3/3", paid(3)),
  call("o4/2"),
  end("o4/2", paid(4)),
  call("o5/1"),
  end("o5/1", paid(5, { outcome: "unknown" })),
];

const request = (requestId: string, status: number | null): LoggedRequest => ({
  requestId,
  method: "POST",
  path: "/v1/payments",
  idempotencyKey: `key-${requestId.split("/")[0]}`,
  isRead: true,
  status,
  isOver: true,
});
const requests = [
  request("o1/1", 201),
  request("o2/1", 503),
  request("o3/2", null),
  request("o4/1", null),
  request("o2/2", 201),
  request("o3/3", 201),
  request("o4/2", 201),
  request("o5/1", null),
  request("o5/1", 201),
];

const charge = (n: number, requestId: string): Charge => {
  const order = orders[n - 1] as Order;
  return { id: `pay-${n}`, ...order, idempotencyKey: `key-${order.reference}`, requestId, at: "" };
};
const charges = [charge(1, "o1/1"), charge(2, "o2/2"), charge(3, "o3/2"), charge(4, "o4/1"), charge(5, "o5/1")];

const sound: Evidence = {
  orders,
  killsWanted: 1,
  kills: 1,
  books: booksOf(records),
  told: [{ reference: "o1", paymentId: "pay-1" }],
  ledger: { charges, keys: [], requests: requests.length },
  requests,
  struck: { "error 503": 1 },
};

const withRecords = (change: (record: JournalRecord) => readonly JournalRecord[]): Evidence => ({
  ...sound,
  books: booksOf(records.flatMap(change)),
});
const withEnd = (id: string, what: CallEnd): Evidence =>
  withRecords((record) => [record.is === "end" && record.call === id ? { ...record, end: what } : record]);
const withCharges = (list: readonly Charge[]): Evidence => ({ ...sound, ledger: { ...sound.ledger, charges: list } });
const withRequests = (list: readonly LoggedRequest[]): Evidence => ({ ...sound, requests: list });

test("sound evidence proves it, and is counted", () => {
  expect(prove(sound)).toEqual({
    payments: { ordered: 5, confirmed: 5, charges: 5, lost: 0, double: 0 },
    calls: {
      success: { calls: 5, charged: 3 },
      accepted: { calls: 0, charged: 0 },
      unknown: { calls: 1, charged: 1 },
      "cut-off": { calls: 1, charged: 1 },
      rejected: { calls: 1, charged: 0 },
      "not-sent": { calls: 1, charged: 0 },
    },
    understated: 0,
    retries: 1,
    requests: 9,
    kills: 1,
    struck: { "error 503": 1 },
    problems: [],
  });
});

test("a call that may have taken effect and did not is no problem", () => {
  const charged = charges.map((one) => (one.id === "pay-3" ? { ...one, requestId: "o3/3" } : one));
  expect(prove(withCharges(charged))).toMatchObject({ calls: { unknown: { calls: 1, charged: 0 } }, problems: [] });
});

describe("of the payments", () => {
  const second = { ...charge(1, "o1/1"), id: "pay-9" };
  test.each<[string, Evidence, readonly string[]]>([
    ["a double charge", withCharges([...charges, second]), ["1 charges were made twice, or for no order"]],
    [
      "a double charge under another key",
      withCharges([...charges, { ...second, idempotencyKey: "other" }]),
      ["1 charges were made twice, or for no order"],
    ],
    [
      "a charge that nobody ordered",
      withCharges([...charges, { ...second, reference: "o9" }]),
      ["1 charges were made twice, or for no order"],
    ],
    ["a confirmed payment that was not charged", withCharges(charges.slice(1)), ["1 payments were lost"]],
    [
      "a charge of another amount",
      withCharges(charges.map((one) => (one.id === "pay-2" ? { ...one, amount: 200 } : one))),
      ["1 payments were lost"],
    ],
    [
      "an order that is not confirmed",
      withEnd("o5/1", failed("unknown", 201)),
      ["1 orders were not confirmed", "1 payments were lost", "1 calls sent more requests than they own up to"],
    ],
    [
      "a second key for an order",
      withRecords((record) => (record.is === "order" && record.reference === "o1" ? [record, record] : [record])),
      ["1 orders were given a second key"],
    ],
    [
      "a customer who was told too early",
      { ...sound, told: [{ reference: "o2", paymentId: "pay-x" }] },
      ["1 customers were told what the journal does not hold"],
    ],
  ])("%s is found", (_what, evidence, problems) => {
    expect(prove(evidence).problems).toEqual(problems);
  });
});

describe("of the calls", () => {
  const understated = "1 calls said that they took no effect, and had made a charge";
  test.each<[string, Evidence, readonly string[]]>([
    [
      "a charged call that said not-sent",
      withEnd("o3/2", failed("not-sent")),
      [
        understated,
        "1 calls said that nothing was sent, and the gateway saw them",
        "1 calls sent more requests than they own up to",
      ],
    ],
    ["a charged call that said rejected", withEnd("o3/2", failed("rejected")), [understated]],
    [
      "a call that said not-sent and was seen, though nothing was charged",
      withRequests([...requests, request("o3/1", null)]),
      [
        "1 calls said that nothing was sent, and the gateway saw them",
        "1 calls sent more requests than they own up to",
      ],
    ],
    [
      "an attempt that said not-sent within a call that succeeded",
      withEnd("o5/1", paid(5, { outcome: "not-sent" })),
      ["1 calls sent more requests than they own up to"],
    ],
    [
      "a refusal that was never answered",
      withEnd("o5/1", paid(5, { outcome: "rejected", status: 503 })),
      ["1 calls report an answer that the gateway never gave"],
    ],
    [
      "a request under another key",
      withRequests(requests.map((one) => (one.requestId === "o4/2" ? { ...one, idempotencyKey: "other" } : one))),
      ["1 calls came under another key than their order's"],
    ],
    [
      "a call without an end that no kill explains",
      withRecords((record) => [record, ...(record.is === "end" && record.call === "o5/1" ? [call("o5/2")] : [])]),
      ["1 calls have no end in the journal, and no kill explains it"],
    ],
    [
      "a request that left before its call was in the journal",
      withRequests([...requests, request("o1/7", null)]),
      ["1 requests came from no call in the journal"],
    ],
    [
      "a charge by no call in the journal",
      withCharges(charges.map((one) => (one.id === "pay-1" ? { ...one, requestId: null } : one))),
      ["1 charges were made by no call in the journal"],
    ],
  ])("%s is found", (_what, evidence, problems) => {
    expect(prove(evidence).problems).toEqual(problems);
  });
});

describe("of the run", () => {
  test.each<[string, Evidence, string]>([
    ["a kill that did not come", { ...sound, killsWanted: 2 }, "1 kills are missing"],
    [
      "a process that nobody killed",
      { ...sound, killsWanted: 0, kills: 0 },
      "1 processes of the shop too many or too few are in the journal",
    ],
    ["a fault that never struck", { ...sound, struck: { latency: 0 } }, "1 kinds of fault never struck"],
    [
      "a gateway that was not at rest",
      withRequests(requests.map((one, at) => (at === 3 ? { ...one, isOver: false } : one))),
      "1 requests were not over when the gateway's books were read",
    ],
  ])("%s is found", (_what, evidence, problem) => {
    expect(prove(evidence).problems).toContain(problem);
  });
});
