import { expect, test } from "vitest";
import { withDeadline } from "../../../src/core/deadline.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import { readWebSocketOptions } from "../../../src/websocket/options.ts";
import { Sender } from "../../../src/websocket/send/sender.ts";
import { Stream } from "../../../src/websocket/stream.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { thrownBy } from "../peer.ts";

/** A sender whose stream has no connection: what it takes waits. */
function setUp() {
  const clock = new VirtualClock();
  const settings = readWebSocketOptions<string | Uint8Array>(
    {
      baseUrl: "ws://127.0.0.1:9",
      name: "feed",
      clock,
      logger: silentLogger,
      sendTimeoutMs: 100,
      requestTimeoutMs: 200,
    },
    "Feed",
  );
  const hooks = { onConnect: () => undefined, onDisconnect: () => undefined, onFailed: () => undefined };
  const owner = { ...hooks, lifecycle: () => "ready" as const, onError: () => undefined };
  const stream = new Stream(settings, owner, {});
  return { clock, stream, sender: new Sender(stream, settings) };
}

test("the shorter of the own limit and the inherited deadline ends a send, and says which it was", async () => {
  const { clock, sender } = setUp();
  const own = thrownBy(sender.send("a", {}));
  const inherited = withDeadline({ deadlineMs: 50, clock }, () => thrownBy(sender.send("b", {})));
  const longer = withDeadline({ deadlineMs: 500, clock }, () => thrownBy(sender.send("c", { timeoutMs: 70 })));
  await clock.advance(100);
  expect(await own).toMatchObject({ code: "timeout-send", limitMs: 100, outcome: "not-sent" });
  expect(await inherited).toMatchObject({ code: "timeout-deadline", outcome: "not-sent" });
  expect(await longer).toMatchObject({ code: "timeout-send", limitMs: 70 });
});

test("a request that is over before it was handed over is taken out of the outbox", async () => {
  const { clock, stream, sender } = setUp();
  const failure = thrownBy(sender.request("ask", { match: () => true }));
  await clock.advance(0);
  expect([stream.outbox.queuedMessages, stream.requests.size]).toEqual([1, 1]);
  await clock.advance(200);
  expect(await failure).toMatchObject({ code: "timeout-answer", outcome: "not-sent" });
  expect([stream.outbox.queuedMessages, stream.requests.size, clock.timers]).toEqual([0, 0, 0]);
});

test("a call that cannot be encoded leaves no request waiting", async () => {
  const { stream, sender } = setUp();
  const failure = await thrownBy(sender.request({ method: "m", params: [1n] }, {}));
  expect(failure).toMatchObject({ code: "configuration-invalid" });
  expect([stream.outbox.queuedMessages, stream.requests.size]).toEqual([0, 0]);
});

test("the caller's signal takes a message back, with its reason unchanged", async () => {
  const { clock, stream, sender } = setUp();
  const [controller, reason] = [new AbortController(), new Error("never mind")];
  const failure = thrownBy(sender.sendJson({ a: 1 }, { signal: controller.signal }));
  await clock.advance(0);
  controller.abort(reason);
  expect([await failure, stream.outbox.queuedMessages]).toEqual([reason, 0]);
});

test("what waits for a message waits for ever unless told otherwise, what is subscribed does not", () => {
  const { sender } = setUp();
  expect(sender.terms({})).toEqual({ limitMs: 200, limit: "answer", signals: [] });
  const { signal } = new AbortController();
  expect(sender.terms({ timeoutMs: 5, signal })).toEqual({
    limitMs: 5,
    limit: "answer",
    signals: [signal],
  });
});
