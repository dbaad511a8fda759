import { afterEach, beforeEach, expect, test } from "vitest";
import { type Bench, startBench } from "./bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

test.each(["paymentId", "payment_id"])("a notification with %s is queued", async (name) => {
  const reply = await bench.notify(undefined, { [name]: "pay_7", channel: "sms", text: "Paid." });

  expect(reply).toMatchObject({ status: 202, body: { paymentId: "pay_7", status: "queued" } });
  expect((await bench.sent()).sent).toMatchObject([{ paymentId: "pay_7", channel: "sms", text: "Paid." }]);
});

test("a notification repeated under its key is sent once, and the list says how often it came", async () => {
  await bench.order("notifications", { kind: "latency", ms: 20, times: 1 });

  const replies = await Promise.all([bench.notify("k"), bench.notify("k"), bench.notify("k")]);

  expect(new Set(replies.map(({ body }) => body["id"])).size).toBe(1);
  const sentId = replies[0].body["id"];
  expect(await bench.sent()).toMatchObject({
    sent: [{ id: sentId, idempotencyKey: "k", timesSeen: 3 }],
    keys: [{ key: "k", sentId, timesSeen: 3 }],
    requests: 3,
  });
});

test("a key that comes with another body is refused", async () => {
  await bench.notify("k");

  expect((await bench.notify("k", { paymentId: "pay_2" })).status).toBe(422);
});

test.each([{}, { paymentId: "" }, { paymentId: 7 }, { paymentId: "p", channel: 1 }, { paymentId: "p", text: 1 }])(
  "%j is refused and not sent",
  async (body) => {
    expect((await bench.notify(undefined, body)).status).toBe(400);
    expect((await bench.sent()).sent).toEqual([]);
  },
);

test("faults and the list of one server leave the other alone", async () => {
  await bench.order("notifications", { kind: "error" });

  expect((await bench.notify()).status).toBe(500);
  expect((await bench.pay()).status).toBe(201);
});

test("a cleared list is empty", async () => {
  await bench.notify("k");

  await bench.send(`${bench.sandbox.notifications.controlUrl}/__sent`, { method: "DELETE" });

  expect(await bench.sent()).toEqual({ sent: [], keys: [], requests: 0 });
});
