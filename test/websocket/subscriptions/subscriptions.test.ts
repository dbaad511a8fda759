import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { ServiceConnectionError } from "../../../src/core/errors.ts";
import { settled } from "../../support/virtual-clock.ts";
import { thrownBy } from "../peer.ts";
import { setUp } from "../subscribing-peer.ts";

const lost = new ServiceConnectionError("closed", { service: "feed", phase: "receive", outcome: "unknown" });

/** An open connection on which these keys are confirmed. */
async function open(stream: ReturnType<typeof setUp>, generation: number, ...keys: string[]) {
  const connection = stream.connect(generation);
  await settled();
  connection.confirm(...keys);
  await connection.restored;
  stream.subscriptions.switchTo(generation);
  connection.far.received.length = 0;
  return connection;
}

const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = {};
  await settled();
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
};

describe("a subscription", () => {
  test("on an open connection is asked for alone, and there when it is confirmed", async () => {
    const stream = setUp();
    const { far, confirm } = await open(stream, 1);
    const added = stream.add("a");
    expect(await isSettled(added)).toBe(false);
    expect(far.heard).toEqual(["sub a"]);
    confirm("a");
    await added;
    expect([stream.subscriptions.has("a"), stream.subscriptions.size]).toEqual([true, 1]);
  });

  test("goes out together with the others of its turn of the loop, as many as fit into a message", async () => {
    const stream = setUp();
    const { far, confirm } = await open(stream, 1);
    const all = Promise.all([stream.add("a"), Promise.resolve().then(() => stream.add("b")), stream.add("c")]);
    await settled();
    expect(far.heard).toEqual(["sub a,c", "sub b"]);
    confirm("a", "b", "c");
    await all;
  });

  test("that is taken back within the turn is not asked for at all", async () => {
    const stream = setUp();
    const { far } = await open(stream, 1);
    const failure = thrownBy(stream.add("a"));
    await stream.subscriptions.remove("a");
    expect(await failure).toMatchObject({ name: "AbortError" });
    await settled();
    expect(far.heard).toEqual([]);
  });

  test("that is taken back and wanted again within the turn was never gone", async () => {
    const stream = setUp();
    const first = stream.add("a");
    const { far } = await open(stream, 1, "a");
    await first;
    const removed = stream.subscriptions.remove("a");
    await stream.add("a");
    await removed;
    expect(far.heard).toEqual([]);
  });

  test("that was taken back is remembered for what is on its way, and no longer than there are 10,000 others", async () => {
    const stream = setUp();
    await open(stream, 1);
    const keys = Array.from({ length: 10_001 }, (_, index) => `key-${index}`);
    for (const key of keys) {
      stream.add(key).catch(() => undefined);
      void stream.subscriptions.remove(key);
    }
    await settled();
    expect(stream.subscriptions.isTakenBack("key-0")).toBe(false);
    expect(stream.subscriptions.isTakenBack("key-1")).toBe(true);
    // Taken back once more, it is the latest again.
    stream.add("key-1").catch(() => undefined);
    await stream.subscriptions.remove("key-1");
    stream.add("another").catch(() => undefined);
    await stream.subscriptions.remove("another");
    expect([stream.subscriptions.isTakenBack("key-1"), stream.subscriptions.isTakenBack("key-2")]).toEqual([
      true,
      false,
    ]);
  });

  test("is taken back by a message of its own, after which the key may be wanted anew", async () => {
    const stream = setUp();
    const first = stream.add("a");
    const { far, confirm } = await open(stream, 1, "a");
    await first;
    await stream.subscriptions.remove("a");
    expect(far.heard).toEqual(["unsub a"]);
    const again = stream.add("a");
    await settled();
    confirm("a");
    await again;
    expect(far.heard).toEqual(["unsub a", "sub a"]);
    await stream.subscriptions.remove("unknown");
  });

  test("that the protocol cannot take back is there at once when it is wanted again", async () => {
    const stream = setUp({ unsubscribe: undefined });
    const first = stream.add("a");
    const { far } = await open(stream, 1, "a");
    await first;
    await stream.subscriptions.remove("a");
    await stream.add("a");
    expect(far.heard).toEqual([]);
  });

  test("only waits for its message to be sent, where the protocol has no confirmation", async () => {
    const stream = setUp({ confirmedBy: undefined });
    const first = stream.add("a");
    const { far, restored } = stream.connect(1);
    await Promise.all([first, restored]);
    stream.subscriptions.switchTo(1);
    await stream.add("b");
    expect(far.heard).toEqual(["sub a", "sub b"]);
  });

  test("of a key that is there already, or is no text, is a mistake, and the key is not shown", async () => {
    const stream = setUp();
    const first = stream.add("a-secret");
    const error = await thrownBy(stream.add("a-secret"));
    expect(error).toMatchObject({ code: "configuration-invalid", service: "feed" });
    expect(String(error)).not.toContain("a-secret");
    for (const key of ["", 5, undefined]) {
      expect(await thrownBy(stream.add(key as string))).toMatchObject({
        problems: ["subscribe: key must be a string that is not empty"],
      });
    }
    stream.subscriptions.end(lost);
    expect(await thrownBy(first)).toBe(lost);
  });

  test("knows its messages by keyOf", () => {
    const { subscriptions } = setUp();
    expect(subscriptions.topicOf({ op: "data", keys: ["a"] })).toBe("a");
    expect(subscriptions.topicOf({ op: "confirmed", keys: ["a"] })).toBeUndefined();
  });
});

describe("one who waits for a confirmation", () => {
  test("is told when it takes too long; the key is forgotten and taken back", async () => {
    const stream = setUp();
    const { far } = await open(stream, 1);
    const failure = thrownBy(stream.add("a"));
    await stream.clock.advance(1_000);
    const error = await failure;
    expect(error).toMatchObject({ code: "timeout-answer", outcome: "unknown", limitMs: 1_000 });
    expect(String(error)).toContain(
      "subscribe /stream: the answer limit of 1000 ms passed while waiting for the confirmation",
    );
    await settled();
    expect([far.heard, stream.subscriptions.has("a")]).toEqual([["sub a", "unsub a"], false]);
  });

  test("is told that nothing was sent, where there was no connection; and nothing is asked for later", async () => {
    const stream = setUp();
    const failure = thrownBy(stream.add("a", { limit: "deadline" }));
    await stream.clock.advance(1_000);
    expect(await failure).toMatchObject({ code: "timeout-deadline", outcome: "not-sent", retryable: true });
    const { far, restored } = stream.connect(1);
    await restored;
    expect(far.heard).toEqual([]);
  });

  test("may give up by its signal; the key is forgotten, and the signal let go", async () => {
    const stream = setUp();
    const { far, confirm } = await open(stream, 1);
    const [stop, other] = [new AbortController(), new AbortController()];
    const failure = thrownBy(stream.add("a", { signals: [other.signal, stop.signal] }));
    const kept = stream.add("b", { signals: [stop.signal] });
    await settled();
    confirm("b");
    await kept;
    stop.abort("enough");
    expect(await failure).toBe("enough");
    await settled();
    expect(far.heard).toEqual(["sub a,b", "unsub a"]);
    expect(getEventListeners(other.signal, "abort")).toEqual([]);
    expect(stream.subscriptions.has("b")).toBe(true);
  });

  test("does not begin where its signal has aborted or no time is left", async () => {
    const stream = setUp();
    expect(await thrownBy(stream.add("a", { signals: [AbortSignal.abort("stop")] }))).toBe("stop");
    expect(await thrownBy(stream.add("a", { limitMs: 0, limit: "deadline" }))).toMatchObject({
      code: "timeout-deadline",
    });
    expect([stream.subscriptions.size, stream.clock.timers]).toEqual([0, 0]);
  });

  test("goes on waiting for the next connection, within its limit", async () => {
    const stream = setUp();
    await open(stream, 1);
    const added = stream.add("a");
    await settled();
    stream.subscriptions.lose(1, lost);
    stream.subscriptions.offer({ op: "confirmed", keys: ["a"] }, 1);
    expect(await isSettled(added)).toBe(false);
    await open(stream, 2, "a");
    await added;
    await stream.clock.advance(5_000);
    expect(stream.subscriptions.has("a")).toBe(true);
  });

  test("is told of a refusal, whose words are kept off the message, and the key is forgotten", async () => {
    const stream = setUp();
    const { far, refuse } = await open(stream, 1);
    const failure = thrownBy(stream.add("a"));
    await settled();
    refuse("a");
    const error = await failure;
    expect(error).toMatchObject({ code: "rpc-error", rpcCode: 403, rpcMessage: "sk_live_1", outcome: "rejected" });
    expect(inspect(error)).not.toContain("sk_live_1");
    await settled();
    expect([stream.subscriptions.has("a"), stream.ended, far.heard]).toEqual([false, [], ["sub a"]]);
  });

  test("gets what subscribe threw, and nothing is left of the key", async () => {
    const broken = new Error("broken");
    const stream = setUp({
      subscribe: ([key]) => {
        if (key === "a") throw broken;
        return { op: "sub", keys: [key] };
      },
    });
    const { far, confirm } = await open(stream, 1);
    expect(await thrownBy(stream.add("a"))).toBe(broken);
    const next = stream.add("b");
    await settled();
    confirm("b");
    await next;
    expect([far.heard, stream.subscriptions.has("a"), stream.ended]).toEqual([["sub b"], false, []]);
  });

  test("is rejected by the end; what was confirmed stays wanted, and no timer is left", async () => {
    const stream = setUp();
    const first = stream.add("a");
    await open(stream, 1, "a");
    await first;
    const failure = thrownBy(stream.add("b"));
    stream.subscriptions.end(lost);
    expect(await failure).toBe(lost);
    expect([stream.clock.timers, stream.subscriptions.has("a"), stream.subscriptions.has("b")]).toEqual([
      0,
      true,
      false,
    ]);
    const { far } = stream.connect(2);
    await settled();
    expect(far.heard).toEqual(["sub a"]);
  });
});

describe("a new connection", () => {
  test("is asked for all that is wanted, in batches, and is ready when all is confirmed or refused", async () => {
    const stream = setUp();
    const waits = ["a", "b", "c"].map((key) => stream.add(key));
    await open(stream, 1, "a", "b", "c");
    await Promise.all(waits);
    stream.subscriptions.lose(1, lost);
    const { far, restored, confirm, refuse } = stream.connect(2);
    await settled();
    expect(far.heard).toEqual(["sub a,b", "sub c"]);
    confirm("a");
    refuse("b");
    expect(await isSettled(restored)).toBe(false);
    confirm("c");
    await restored;
    expect(stream.ended).toEqual([["b", expect.objectContaining({ code: "rpc-error" })]]);
    expect(stream.subscriptions.size).toBe(2);
  });

  test("is not held up by a key that nobody wants any more", async () => {
    const stream = setUp();
    const failure = thrownBy(stream.add("a"));
    const { far, restored } = stream.connect(1);
    await settled();
    await stream.subscriptions.remove("a");
    await Promise.all([restored, failure]);
    await settled();
    expect(far.heard).toEqual(["sub a", "unsub a"]);
  });

  test("is told where each key goes on, and which stream asks", async () => {
    const positions = new Map([["a", 7]]);
    const seen: unknown[] = [];
    const stream = setUp(
      {
        subscribe: (keys, context) => {
          seen.push([keys, context.stream, context.positions, context.signal.aborted]);
          return undefined;
        },
        confirmedBy: undefined,
      },
      { positionsOf: () => positions },
    );
    const added = stream.add("a");
    await stream.connect(1).restored;
    await added;
    expect(seen).toEqual([[["a"], "the stream", positions, false]]);
  });

  test("is of no use where subscribe throws or its signal aborts, and what is wanted waits for the next", async () => {
    const broken = new Error("broken");
    let isBroken = true;
    const stream = setUp({
      subscribe: (keys) => {
        if (isBroken) throw broken;
        return { op: "sub", keys };
      },
    });
    const added = stream.add("a");
    expect(await thrownBy(stream.connect(1).restored)).toBe(broken);
    isBroken = false;
    const stop = new AbortController();
    const second = stream.connect(2, stop.signal);
    await settled();
    stop.abort(lost);
    expect(await thrownBy(second.restored)).toBe(lost);
    expect(await thrownBy(stream.connect(3, stop.signal).restored)).toBe(lost);
    await open(stream, 4, "a");
    await added;
  });

  test("that failed while it was prepared has confirmed nothing", async () => {
    const stream = setUp();
    const [first, other] = [stream.add("a"), stream.add("b")];
    const stop = new AbortController();
    const { restored, confirm } = stream.connect(1, stop.signal);
    await settled();
    confirm("a");
    await first;
    stop.abort(lost);
    expect(await thrownBy(restored)).toBe(lost);
    await stream.subscriptions.remove("a");
    const again = stream.add("a");
    expect(await isSettled(again)).toBe(false);
    await open(stream, 2, "a", "b");
    await Promise.all([other, again]);
  });

  test("has no say any more once it is lost", async () => {
    const stream = setUp();
    const added = stream.add("a");
    const { far, restored } = stream.connect(1);
    await settled();
    stream.subscriptions.lose(1, lost);
    stream.subscriptions.lose(1, lost);
    expect(await thrownBy(restored)).toBe(lost);
    const other = stream.add("b");
    await settled();
    expect(far.heard).toEqual(["sub a"]);
    await open(stream, 2, "a", "b");
    await Promise.all([added, other]);
  });
});

describe("a successor", () => {
  test("is prepared beside the open connection, and both are told what changes meanwhile", async () => {
    const stream = setUp();
    const first = stream.add("a");
    const old = await open(stream, 1, "a");
    await first;
    const successor = stream.connect(2);
    await settled();
    const added = stream.add("b");
    await settled();
    expect([old.far.heard, successor.far.heard]).toEqual([["sub b"], ["sub a", "sub b"]]);
    successor.confirm("b");
    expect(await isSettled(added)).toBe(false);
    old.confirm("b");
    await added;
    successor.confirm("a");
    await successor.restored;
    stream.subscriptions.switchTo(2);
    await stream.subscriptions.remove("b");
    expect([old.far.heard, successor.far.heard]).toEqual([["sub b"], ["sub a", "sub b", "unsub b"]]);
  });

  test("settles those who wait, when the flow moves to what it has confirmed, or the old connection goes", async () => {
    const stream = setUp();
    await open(stream, 1);
    const added = stream.add("a");
    const second = stream.connect(2);
    await settled();
    second.confirm("a");
    expect(await isSettled(added)).toBe(false);
    stream.subscriptions.switchTo(2);
    await added;
    const other = stream.add("b");
    const third = stream.connect(3);
    await settled();
    third.confirm("b");
    stream.subscriptions.lose(2, lost);
    await other;
  });

  test("that is refused a key ends that subscription on the old connection too", async () => {
    const stream = setUp();
    const first = stream.add("a");
    const old = await open(stream, 1, "a");
    await first;
    const successor = stream.connect(2);
    await settled();
    successor.refuse("a");
    await settled();
    expect([old.far.heard, stream.ended.length]).toEqual([["unsub a"], 1]);
  });
});

describe("the functions of the options", () => {
  test("may throw: that goes to onError and counts as no answer", async () => {
    const broken = new Error("broken");
    const fail = (): never => {
      throw broken;
    };
    const stream = setUp({ confirmedBy: fail, refusedBy: fail, keyOf: fail });
    const failure = thrownBy(stream.add("a"));
    stream.connect(1);
    await settled();
    stream.subscriptions.offer({ op: "confirmed", keys: ["a"] }, 1);
    expect(stream.subscriptions.topicOf({ op: "data", keys: ["a"] })).toBeUndefined();
    expect(stream.errors).toEqual([broken, broken, broken]);
    stream.subscriptions.end(lost);
    await failure;
  });

  test("are not asked about messages that cannot concern them", async () => {
    const asked: string[] = [];
    const stream = setUp({
      confirmedBy: ({ keys }) => {
        asked.push("confirmedBy");
        return keys;
      },
      refusedBy: () => void asked.push("refusedBy"),
    });
    await open(stream, 1);
    stream.subscriptions.offer({ op: "data", keys: ["a"] }, 1);
    stream.subscriptions.offer({ op: "data", keys: ["a"] }, 9);
    expect(asked).toEqual([]);
    const added = stream.add("a");
    await settled();
    stream.subscriptions.offer({ op: "confirmed", keys: ["a"] }, 1);
    stream.subscriptions.offer({ op: "data", keys: ["a"] }, 1);
    await added;
    expect(asked).toEqual(["confirmedBy", "refusedBy", "refusedBy"]);
  });

  test("may name one key or several, and refuse several at once; a key that is unknown means nothing", async () => {
    const stream = setUp({
      confirmedBy: ({ op, keys }) => (op === "confirmed" ? keys[0] : undefined),
      refusedBy: ({ op, keys }) => (op === "refused" ? keys.map((key) => ({ key })) : undefined),
    });
    const { confirm } = await open(stream, 1);
    const [a, ...others] = [stream.add("a"), thrownBy(stream.add("b")), thrownBy(stream.add("c"))];
    await settled();
    confirm("nobody");
    confirm("a");
    await a;
    stream.subscriptions.offer({ op: "refused", keys: ["b", "c", "nobody"] }, 1);
    const refusal = { code: "rpc-error", rpcCode: undefined };
    expect(await Promise.all(others)).toMatchObject([refusal, refusal]);
  });
});

test("a subscription that the service takes away ends, and its owner is told", async () => {
  const stream = setUp();
  const first = stream.add("a");
  const { refuse } = await open(stream, 1, "a");
  await first;
  refuse("a");
  expect(stream.ended).toEqual([["a", expect.objectContaining({ rpcCode: 403 })]]);
  expect(stream.subscriptions.has("a")).toBe(false);
  refuse("a");
  expect(stream.ended).toHaveLength(1);
});

test("subscriptions without number leave one listener on the signal that they share, and none once they are there", async () => {
  const stream = setUp();
  const { confirm } = await open(stream, 1);
  const { signal } = new AbortController();
  const keys = Array.from({ length: 2_000 }, (_, index) => `key-${index}`);
  const all = keys.map((key) => stream.add(key, { signals: [signal] }));
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  await settled();
  confirm(...keys);
  await Promise.all(all);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});
