import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Bench, bearer, dial, eventually, failureOf, isReachable, startBench } from "./bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

/** A payment as bytes, so that a test can stop in the middle of it. */
function paymentBytes(key: string): { readonly head: string; readonly body: string } {
  const body = JSON.stringify({ amount: 1, currency: "EUR" });
  const { apiKey } = bench.sandbox.gateway;
  const head = `POST /v1/payments HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${apiKey}\r\nidempotency-key: ${key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
  return { head, body };
}

describe("latency", () => {
  test("the answer comes late, and no later request pays for it", async () => {
    await bench.order("gateway", { kind: "latency", ms: 80, times: 1 });

    const startedAt = performance.now();
    expect((await bench.pay()).status).toBe(201);
    expect(performance.now() - startedAt).toBeGreaterThan(75);
    expect((await bench.pay()).status).toBe(201);
    expect(await bench.faults("gateway")).toMatchObject([{ kind: "latency", struck: 1, active: false }]);
  });

  test("who gives up on a slow payment has been charged, once, and the next try learns of it", async () => {
    await bench.order("gateway", { kind: "latency", ms: 1000, times: 1 });
    const giveUp = new AbortController();
    const first = bench.pay("k", undefined, giveUp.signal).catch((error: unknown) => error);
    await eventually(async () => (await bench.ledger()).charges.length).toBe(1);

    giveUp.abort(new Error("too slow"));

    expect(await first).toMatchObject({ message: "too slow" });
    expect((await bench.pay("k")).headers["idempotency-replayed"]).toBe("true");
    expect((await bench.ledger()).charges).toHaveLength(1);
  });
});

describe("error and rate-limit", () => {
  test("an error is answered with its status, body and Retry-After, and nothing is charged", async () => {
    await bench.order("gateway", { kind: "error", status: 503, body: { oops: 1 }, retryAfterS: 2, times: 1 });
    await bench.order("gateway", { kind: "error", body: "plain", times: 1 });
    await bench.order("gateway", { kind: "error", times: 1 });

    expect(await bench.pay()).toMatchObject({ status: 503, headers: { "retry-after": "2" }, body: { oops: 1 } });
    expect(await bench.pay()).toMatchObject({ status: 500, body: { text: "plain" } });
    expect(await bench.pay()).toMatchObject({ status: 500, body: { status: 500, title: "Error" } });
    expect(await bench.ledger()).toMatchObject({ charges: [], requests: 3 });
  });

  test("a rate limit is 429 with Retry-After, and nothing is charged", async () => {
    await bench.order("gateway", { kind: "rate-limit", retryAfterS: 7, times: 1 });

    expect(await bench.pay("k")).toMatchObject({ status: 429, headers: { "retry-after": "7" } });
    expect(await bench.ledger()).toMatchObject({ charges: [], keys: [{ key: "k", chargeId: null, timesSeen: 1 }] });
  });

  test("a fault strikes only the path and method it names, health too if it names none", async () => {
    await bench.order("gateway", { kind: "error", path: "/v1/payments", method: "GET" });
    const { gateway } = bench.sandbox;
    const health = () => bench.send(`${gateway.url}/health`);

    expect((await bench.pay()).status).toBe(201);
    expect((await health()).status).toBe(200);
    expect((await bench.send(`${gateway.url}/v1/payments/x`, { headers: bearer(gateway.apiKey) })).status).toBe(500);
    await bench.order("gateway", { kind: "error", status: 502 });
    expect((await health()).status).toBe(502);
  });
});

describe("reset-before-read", () => {
  test("the connection is reset before the body came, and the ledger knows nothing", async () => {
    await bench.order("gateway", { kind: "reset-before-read", times: 1 });
    const { socket, chunks, ended } = await dial(bench.sandbox.gateway.url);

    socket.write(paymentBytes("k").head);

    expect(await ended).toBe("ECONNRESET");
    expect(chunks).toEqual([]);
    expect(await bench.ledger()).toEqual({ charges: [], keys: [], requests: 0 });
    expect((await bench.faults("gateway"))[0]).toMatchObject({ struck: 1 });
  });
});

describe("reset-after-read", () => {
  test("the connection is reset without an answer, after the charge was made", async () => {
    await bench.order("gateway", { kind: "reset-after-read", times: 1 });
    const { socket, chunks, ended } = await dial(bench.sandbox.gateway.url);
    const { head, body } = paymentBytes("k");

    socket.write(head);
    socket.write(body);

    expect(await ended).toBe("ECONNRESET");
    expect(chunks).toEqual([]);
    expect(await bench.ledger()).toMatchObject({
      charges: [{ idempotencyKey: "k" }],
      keys: [{ timesSeen: 1 }],
      requests: 1,
    });
  });

  test("a body that never came whole is no charge", async () => {
    await bench.order("gateway", { kind: "reset-after-read", times: 1 });
    const { socket } = await dial(bench.sandbox.gateway.url);
    const { head, body } = paymentBytes("k");

    socket.end(head + body.slice(0, -1));
    await eventually(async () => (await bench.faults("gateway"))[0]?.struck).toBe(1);
    await eventually(() => socket.destroyed).toBe(true);

    expect((await bench.ledger()).charges).toEqual([]);
  });

  test("hundreds of payments, repeated under their keys until answered, are charged once each", async ({ signal }) => {
    for (const kind of ["reset-after-read", "reset-before-read", "error", "rate-limit"]) {
      await bench.order("gateway", { kind, method: "POST", ratio: 0.3, seed: kind.length });
    }
    const keys = Array.from({ length: 300 }, (_, n) => `order-${n}`);
    const payUntilAnswered = async (key: string): Promise<unknown> => {
      // Not for ever: once the bench is gone, each try fails in the same turn, and the worker would never get out.
      while (!signal.aborted) {
        const reply = await bench.pay(key).catch(() => undefined);
        if (reply?.status === 201) return reply.body["id"];
      }
      return undefined;
    };

    const ids = await Promise.all(keys.map(payUntilAnswered));

    const { charges } = await bench.ledger();
    expect(charges).toHaveLength(300);
    expect(new Set(charges.map(({ idempotencyKey }) => idempotencyKey))).toEqual(new Set(keys));
    expect(new Set(ids)).toEqual(new Set(charges.map(({ id }) => id)));
    expect((await bench.faults("gateway")).every(({ struck }) => struck > 0)).toBe(true);
  });
});

describe("stalled-body", () => {
  const payment = () => {
    const { gateway } = bench.sandbox;
    return bench.open(`${gateway.url}/v1/payments`, {
      method: "POST",
      headers: bearer(gateway.apiKey),
      body: { amount: 1, currency: "EUR" },
    });
  };

  test("status, headers and half the body come, the rest when the fault is cleared; the charge was made", async () => {
    await bench.order("gateway", { kind: "stalled-body", times: 1 });
    const { statusCode, headers, body } = await payment();
    const chunks = body[Symbol.asyncIterator]();
    const half = String((await chunks.next()).value);
    const rest = chunks.next();

    expect(statusCode).toBe(201);
    expect(half.length).toBe(Math.floor(Number(headers["content-length"]) / 2));
    expect((await bench.ledger()).charges).toHaveLength(1);

    await bench.clear("gateway");

    expect(JSON.parse(half + String((await rest).value))).toMatchObject({ amount: 1 });
    expect(await chunks.next()).toMatchObject({ done: true });
  });

  test("a client may give up, and its next try is answered", async () => {
    await bench.order("gateway", { kind: "stalled-body", times: 1 });
    const { body } = await payment();

    body.destroy();

    expect((await bench.pay()).status).toBe(201);
  });

  test("a client that gave up during the latency before has been charged all the same", async () => {
    await bench.order("gateway", { kind: "stalled-body", times: 1 });
    await bench.order("gateway", { kind: "latency", ms: 200, times: 1 });
    const { socket } = await dial(bench.sandbox.gateway.url);
    const { head, body } = paymentBytes("k");
    socket.write(head + body);
    await eventually(async () => (await bench.ledger()).charges.length).toBe(1);

    socket.destroy();

    expect((await bench.pay("k", JSON.parse(body))).headers["idempotency-replayed"]).toBe("true");
  });
});

describe("refused", () => {
  test("open sockets are reset and new ones refused until it is cleared, then the same url answers", async () => {
    const { socket, ended } = await dial(bench.sandbox.gateway.url);
    socket.write("GET /v1/pay");
    await bench.pay();

    await bench.order("gateway", { kind: "refused" });

    expect(await ended).toBe("ECONNRESET");
    expect(await failureOf(dial(bench.sandbox.gateway.url))).toBe("ECONNREFUSED");
    expect((await bench.notify()).status).toBe(202);
    expect(await bench.faults("gateway")).toMatchObject([{ kind: "refused", active: true, struck: 2 }]);

    await bench.clear("gateway");
    expect((await bench.pay()).status).toBe(201);
    expect((await bench.ledger()).charges).toHaveLength(2);
  });

  test("with forMs it ends by itself", async () => {
    await bench.order("gateway", { kind: "refused", forMs: 500 });
    expect(await failureOf(dial(bench.sandbox.gateway.url))).toBe("ECONNREFUSED");

    await eventually(async () => (await bench.faults("gateway"))[0]?.active).toBe(false);
    await eventually(() => isReachable(bench.sandbox.gateway.url)).toBe(true);
  });

  test("asked for on the server's own port, it answers first", async () => {
    const own = `${bench.sandbox.gateway.url}/__faults`;

    const ordered = await bench.send(own, { method: "POST", body: { kind: "refused" } });

    expect(ordered).toMatchObject({ status: 201, body: { kind: "refused", active: true } });
    expect(await failureOf(dial(bench.sandbox.gateway.url))).toBe("ECONNREFUSED");
    await bench.clear("gateway");
    expect((await bench.pay()).status).toBe(201);
  });
});

describe("error-after-read", () => {
  test("an error is answered after the charge was made, and the next try under the key learns of it", async () => {
    await bench.order("gateway", { kind: "error-after-read", status: 502, retryAfterS: 2, times: 1 });

    expect(await bench.pay("k")).toMatchObject({ status: 502, headers: { "retry-after": "2" } });
    expect((await bench.ledger()).charges).toHaveLength(1);
    expect(await bench.pay("k")).toMatchObject({ status: 201, headers: { "idempotency-replayed": "true" } });
  });
});

describe("the log of requests", () => {
  const log = async () => (await bench.send(`${bench.sandbox.gateway.controlUrl}/__requests`)).body["requests"];
  const payAs = (requestId: string, key = "k") =>
    bench.send(`${bench.sandbox.gateway.url}/v1/payments`, {
      method: "POST",
      headers: { ...bearer(bench.sandbox.gateway.apiKey), "idempotency-key": key, "x-request-id": requestId },
      body: { amount: 1, currency: "EUR" },
    });
  const logged = { method: "POST", path: "/v1/payments", idempotencyKey: "k", isRead: true, isOver: true };

  test("has the requests that named themselves, in their order, and the charge names the one that made it", async () => {
    await bench.order("gateway", { kind: "error", status: 503, times: 1 });
    await payAs("first");
    await payAs("second");
    await payAs("third");
    await bench.pay("other");

    await eventually(log).toEqual([
      { ...logged, requestId: "first", status: 503 },
      { ...logged, requestId: "second", status: 201 },
      { ...logged, requestId: "third", status: 201 },
    ]);
    expect((await bench.ledger()).charges).toMatchObject([{ requestId: "second" }, { requestId: null }]);
  });

  test("has one whose body was not read, one that was reset after it, and one that waits", async () => {
    await bench.order("gateway", { kind: "reset-before-read", times: 1 });
    await bench.order("gateway", { kind: "reset-after-read", times: 1 });
    await bench.order("gateway", { kind: "stalled-body", times: 1 });
    await failureOf(payAs("unread"));
    await failureOf(payAs("unanswered"));
    const stalled = payAs("stalled");

    await eventually(log).toEqual([
      { ...logged, requestId: "unread", isRead: false, status: null },
      { ...logged, requestId: "unanswered", status: null },
      { ...logged, requestId: "stalled", status: null, isOver: false },
    ]);
    await bench.clear("gateway");
    expect((await stalled).status).toBe(201);
    await eventually(log).toMatchObject([{}, {}, { status: 201, isOver: true }]);
  });

  test("is emptied by DELETE, and the ledger is not", async () => {
    await payAs("one");

    await bench.send(`${bench.sandbox.gateway.controlUrl}/__requests`, { method: "DELETE" });

    expect(await log()).toEqual([]);
    expect((await bench.ledger()).charges).toHaveLength(1);
  });
});
