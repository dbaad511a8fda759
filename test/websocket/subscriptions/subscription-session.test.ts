import { describe, expect, test } from "vitest";
import { silentLogger } from "../../../src/core/logger.ts";
import { currentRequest, withRequest } from "../../../src/core/request-scope.ts";
import { DeadlineList } from "../../../src/core/deadline-list.ts";
import { ServiceConnectionError, ServiceTimeoutError } from "../../../src/core/errors.ts";
import type { SubscriptionSettings } from "../../../src/websocket/subscriptions/subscription-options.ts";
import { SubscriptionSession } from "../../../src/websocket/subscriptions/subscription-session.ts";
import { settled, VirtualClock } from "../../support/virtual-clock.ts";
import { thrownBy } from "../peer.ts";

const facts = { service: "feed", phase: "send" } as const;
const broken = new ServiceConnectionError("reset", { ...facts, outcome: "unknown" });
const neverSent = new ServiceTimeoutError("send", 5, { ...facts, outcome: "not-sent" });
const maybeSent = new ServiceTimeoutError("send", 5, { ...facts, outcome: "unknown" });
const tooSlow = new ServiceTimeoutError("answer", 100, { ...facts, outcome: "unknown" });

/** A session whose sends wait until the test lets them through. */
function setUp(settings: Partial<SubscriptionSettings<unknown, unknown>> = {}) {
  const clock = new VirtualClock();
  const deadlines = new DeadlineList(clock);
  const wanted = new Set<string>();
  const sends: {
    readonly message: unknown;
    readonly signal: AbortSignal;
    readonly done: PromiseWithResolvers<void>;
  }[] = [];
  const told: unknown[] = [];
  const session = new SubscriptionSession<unknown, unknown>(
    {
      settings: {
        subscribe: (keys) => `sub ${keys.join(",")}`,
        unsubscribe: (keys) => `unsub ${keys.join(",")}`,
        maxKeysPerMessage: 100,
        ...settings,
      },
      stream: undefined,
      clock,
      deadlines,
      limitMs: 100,
      isWanted: (key) => wanted.has(key),
      positionsOf: () => new Map(),
      tooSlow: () => tooSlow,
      onConfirmed: (key) => void told.push(`confirmed ${key}`),
      onFailed: (keys, thrown) => {
        told.push([...keys, thrown]);
        for (const key of keys) want(key, false);
      },
      onError: (thrown) => void told.push(thrown),
    },
    async (message, signal) => {
      const done = Promise.withResolvers<void>();
      sends.push({ message, signal, done });
      await done.promise;
    },
  );
  const want = (key: string, isWanted: boolean): void => {
    if (isWanted) wanted.add(key);
    else wanted.delete(key);
    session.touch(key);
  };
  const messages = (): unknown[] => sends.map(({ message }) => message);
  /** Ends the oldest send that is under way. */
  const finish = async (error?: Error): Promise<void> => {
    const { done } = sends.at(-1) ?? { done: undefined };
    if (error === undefined) done?.resolve();
    else done?.reject(error);
    await settled();
  };
  return { clock, deadlines, session, want, sends, messages, finish, told };
}

describe("a connection", () => {
  test("is told one thing at a time, so that what is taken back does not overtake what asked for it", async () => {
    const { want, messages, finish, session, told } = setUp();
    want("a", true);
    await settled();
    want("a", false);
    want("b", true);
    await settled();
    expect(messages()).toEqual(["sub a"]);
    await finish();
    expect(messages()).toEqual(["sub a", "unsub a"]);
    await finish();
    expect(messages()).toEqual(["sub a", "unsub a", "sub b"]);
    await finish();
    await session.idle();
    expect(told).toEqual(["confirmed a", "confirmed b"]);
    expect([session.stateOf("a"), session.stateOf("b"), session.isAwaiting]).toEqual([undefined, "confirmed", false]);
  });

  test("gets several messages in their order, and none where the work is done already", async () => {
    const { want, messages, finish, told } = setUp({
      subscribe: async ([key]) => (key === "many" ? ["one", "two"] : undefined),
      maxKeysPerMessage: 1,
    });
    want("none", true);
    want("many", true);
    await settled();
    expect([messages(), told]).toEqual([["one"], ["confirmed none"]]);
    await finish();
    await finish();
    expect([messages(), told]).toEqual([
      ["one", "two"],
      ["confirmed none", "confirmed many"],
    ]);
  });

  test("that its own work ends waits for nothing of it, whatever it returns", async () => {
    const { deadlines, want, session, told } = setUp({
      subscribe: () => {
        session.end(broken);
        return new Promise(() => undefined);
      },
    });
    want("a", true);
    await settled();
    expect([deadlines.size, told]).toEqual([0, []]);
  });

  test("is left alone once it has ended, and what was under way is told so", async () => {
    const { clock, deadlines, want, sends, messages, session, told } = setUp();
    want("a", true);
    await settled();
    want("b", true);
    const idle = session.idle();
    session.end(broken);
    session.end(undefined);
    await idle;
    want("c", true);
    await settled();
    expect([sends[0]?.signal.reason, messages(), told]).toEqual([broken, ["sub a"], []]);
    sends[0]?.done.resolve();
    await settled();
    deadlines.clear();
    expect([told, clock.timers]).toEqual([[], 0]);
  });
});

test("what one asks for is no part of the request in which another asks in the same turn", async () => {
  const requests: unknown[] = [];
  const { want } = setUp({
    subscribe: async () => {
      await Promise.resolve();
      requests.push(currentRequest());
    },
  });
  withRequest({ deadlineMs: 5, logger: silentLogger }, () => want("a", true));
  want("b", true);
  await settled();
  expect(requests).toEqual([undefined]);
});

describe("work that does not end", () => {
  test("is all that the limit is for: what was done in time leaves no limit behind", async () => {
    const { clock, deadlines, want, sends, finish } = setUp();
    want("a", true);
    await settled();
    await finish();
    expect(deadlines.size).toBe(0);
    await clock.advance(1_000);
    expect(sends[0]?.signal.aborted).toBe(false);
  });

  test("is ended by its limit; what it may have asked for is taken back, and the next goes on", async () => {
    const signals: AbortSignal[] = [];
    const { clock, want, messages, finish, told } = setUp({
      subscribe: ([key], { signal }) => {
        signals.push(signal);
        return key === "a" ? new Promise(() => undefined) : `sub ${String(key)}`;
      },
    });
    want("a", true);
    await clock.advance(99);
    want("b", true);
    await clock.advance(1);
    await settled();
    expect([told, signals[0]?.reason]).toEqual([[["a", tooSlow]], tooSlow]);
    await finish();
    expect(messages()).toEqual(["sub b", "unsub a"]);
  });

  test("of a connection that is being prepared makes it of no use", async () => {
    const { clock, session, want } = setUp({ subscribe: () => new Promise(() => undefined) });
    want("a", true);
    const failure = thrownBy(session.restore(["a"], new AbortController().signal));
    await clock.advance(100);
    expect(await failure).toBe(tooSlow);
  });
});

describe("a send that fails", () => {
  test("because the connection broke is left to the next connection", async () => {
    const { want, messages, finish, session, told } = setUp();
    want("a", true);
    await settled();
    await finish(broken);
    expect([told, session.stateOf("a"), messages()]).toEqual([[], "asked", ["sub a"]]);
  });

  test.each([
    ["and sent nothing leaves nothing to take back", neverSent, ["sub a"]],
    ["and may have sent it is followed by taking it back", maybeSent, ["sub a", "unsub a"]],
  ])("%s", async (_what, error, expected) => {
    const { want, messages, finish, told } = setUp();
    want("a", true);
    await settled();
    await finish(error);
    expect([told, messages()]).toEqual([[["a", error]], expected]);
  });

  test("after another that arrived takes back what was asked for, but for what is confirmed", async () => {
    const { session, want, messages, finish, told } = setUp({
      subscribe: () => ["one", "two"],
      confirmedBy: () => undefined,
    });
    want("a", true);
    want("b", true);
    await settled();
    await finish();
    session.confirm("a");
    await finish(neverSent);
    await finish();
    expect(told).toEqual(["confirmed a", ["b", neverSent]]);
    expect([messages(), session.stateOf("a")]).toEqual([["one", "two", "unsub b"], "confirmed"]);
  });

  test("while the connection is prepared makes it of no use", async () => {
    const { session, want, finish } = setUp();
    want("a", true);
    const failure = thrownBy(session.restore(["a"], new AbortController().signal));
    await settled();
    await finish(broken);
    expect(await failure).toBe(broken);
  });

  test.each([
    ["not sent: it is still there when it is wanted again", neverSent, ["sub a", "unsub a"]],
    ["perhaps sent: it is asked for again when it is wanted again", maybeSent, ["sub a", "unsub a", "sub a"]],
  ])("when a key is taken back goes to onError; %s", async (_what, error, expected) => {
    const { want, messages, finish, told } = setUp();
    want("a", true);
    await settled();
    await finish();
    want("a", false);
    await settled();
    await finish(error);
    want("a", true);
    await settled();
    expect([told, messages()]).toEqual([["confirmed a", error], expected]);
  });
});
