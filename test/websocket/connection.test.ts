import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type ExternalServiceError, ServiceConnectionError, ServiceResponseError } from "../../src/core/errors.ts";
import { connectionReducer } from "../../src/websocket/connection.ts";
import type {
  ConnectionEffect,
  ConnectionEvent,
  ConnectionSettings,
  StreamState,
} from "../../src/websocket/connection-model.ts";

const settings: ConnectionSettings = {
  service: "feed",
  operation: "/stream",
  connectTimeoutMs: 10_000,
  startTimeoutMs: 30_000,
  closeTimeoutMs: 5_000,
  reconnect: { baseDelayMs: 500, maxDelayMs: 30_000, stableAfterMs: 10_000, maxAttempts: Number.POSITIVE_INFINITY },
  heartbeat: { intervalMs: 20_000, timeoutMs: 20_000 },
};

const facts = { service: "feed", phase: "connect", outcome: "not-sent" } as const;
const passing = new ServiceConnectionError("connect", { ...facts, retryable: true });
const closedWith = (closeCode: number) => new ServiceConnectionError("closed", { ...facts, closeCode });
const refusedWith = (status: number, retryAfterMs?: number) =>
  new ServiceResponseError({ ...facts, status, headers: {}, body: "", retryAfterMs });

/** Drives the reducer as the shell would, with a clock that the test moves. */
function machine(changes: Partial<ConnectionSettings> = {}) {
  const reduce = connectionReducer({ ...settings, ...changes });
  const it = {
    now: 0,
    random: 0.5,
    state: { name: "idle", generation: 0 } as StreamState,
    effects: [] as readonly ConnectionEffect[],
    on(event: ConnectionEvent) {
      const next = reduce(it.state, event, { now: it.now, random: it.random });
      it.state = next.state;
      it.effects = next.effects;
      return it;
    },
    timer(name: string) {
      const found = it.effects.find((effect) => effect.type === "setTimer" && effect.timer === name);
      return found?.type === "setTimer" ? found.delayMs : undefined;
    },
    has: (type: ConnectionEffect["type"]) => it.effects.some((effect) => effect.type === type),
    lose: (error: ExternalServiceError) => it.on({ type: "lost", generation: it.state.generation, error }),
    redial: () => it.on({ type: "timer", timer: "retry", generation: it.state.generation }),
    open() {
      const { generation } = it.state;
      return it.on({ type: "opened", generation }).on({ type: "prepared", generation });
    },
  };
  return it;
}

const opened = (changes?: Partial<ConnectionSettings>) => machine(changes).on({ type: "start" }).open();

test("a start dials generation 1, within a limit for the attempt and one for all of them", () => {
  const it = machine().on({ type: "start" });
  expect(it.state).toMatchObject({ name: "connecting", generation: 1, step: { at: "dialing", stage: "headers" } });
  expect(it.effects).toContainEqual({ type: "dial", generation: 1, attempt: 1 });
  expect([it.timer("connect"), it.timer("start")]).toEqual([10_000, 30_000]);
});

test("an open socket is prepared before anything flows", () => {
  const it = machine().on({ type: "start" }).on({ type: "opened", generation: 1 });
  expect([it.state, it.has("prepare"), it.has("flow")]).toMatchObject([{ step: { at: "preparing" } }, true, false]);
  it.on({ type: "prepared", generation: 1 });
  expect([it.state.name, it.has("flow"), it.timer("heartbeat")]).toEqual(["open", true, 20_000]);
});

test("a lost connection is redialled after full jitter, as a new generation", () => {
  const it = opened();
  it.now = 100;
  it.lose(passing);
  expect(it.state).toMatchObject({ name: "reconnecting", generation: 1, retries: 1, lostAt: 100, cause: passing });
  expect(it.timer("retry")).toBe(250);
  it.redial();
  expect(it.state).toMatchObject({ name: "reconnecting", generation: 2, step: { at: "dialing" } });
});

test("a service that accepts and then closes does not reset the backoff", () => {
  const it = opened();
  const delays: (number | undefined)[] = [];
  for (let round = 0; round < 8; round++) {
    it.now += 9_999;
    delays.push(it.lose(closedWith(1000)).timer("retry"));
    it.redial().open();
  }
  expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
});

test("a connection that was stable resets the backoff", () => {
  const it = opened().lose(passing).redial().open();
  it.now += 10_000;
  expect(it.lose(passing).timer("retry")).toBe(250);
});

test("1012 is spread over 5 to 30 s and 1013 over 15 to 30 s, of a maxDelayMs of 30 s", () => {
  const delays = [1012, 1013].map((code) =>
    [0, 0.999_999].map((random) => {
      const it = opened();
      it.random = random;
      return Math.round(it.lose(closedWith(code)).timer("retry") ?? 0);
    }),
  );
  expect(delays).toEqual([
    [5_000, 30_000],
    [15_000, 30_000],
  ]);
});

test("Retry-After is honoured up to maxDelayMs, plus the ordinary jitter", () => {
  const it = opened().lose(passing).redial();
  expect(it.lose(refusedWith(503, 7_000)).timer("retry")).toBe(7_500);
  it.redial();
  expect(it.lose(refusedWith(503, 86_400_000)).timer("retry")).toBe(31_000);
});

test("a fatal refusal ends the start at once, with its error and no timer left", () => {
  const error = refusedWith(401);
  const it = machine().on({ type: "start" }).lose(error);
  expect(it.state).toEqual({ name: "failed", generation: 1, error });
  expect(it.effects).toContainEqual({ type: "end", error });
  expect(it.on({ type: "reset" }).state).toEqual({ name: "idle", generation: 1 });
});

test("a wait that would outlast the start limit is not waited", () => {
  const it = machine().on({ type: "start" });
  it.now = 1_000;
  it.lose(refusedWith(503, 29_500));
  expect(it.state).toMatchObject({ name: "failed", error: { status: 503 } });
});

test("the start limit gives up with the error of the last attempt, and destroys the one under way", () => {
  const it = machine().on({ type: "start" }).lose(passing).redial();
  it.on({ type: "timer", timer: "start", generation: 1 });
  expect(it.state).toMatchObject({ name: "failed", error: passing });
  expect(it.effects).toContainEqual({ type: "destroySocket", generation: 2 });
});

test("a start limit that passes before any attempt has ended is a timeout of its own", () => {
  const it = machine({ connectTimeoutMs: 60_000 }).on({ type: "start" }).on({ type: "opened", generation: 1 });
  it.on({ type: "timer", timer: "start", generation: 1 });
  expect(it.state).toMatchObject({ name: "failed", error: { code: "timeout-start", limitMs: 30_000 } });
  expect([it.has("hold"), it.has("disconnected")]).toEqual([true, true]);
});

test("the connect limit says at which stage it passed", () => {
  const stages = ["headers", "protocols", "name", "tcp", "tls", "upgrade"] as const;
  const messages = stages.map((stage) => {
    const it = machine().on({ type: "start" }).on({ type: "stage", generation: 1, stage });
    it.on({ type: "timer", timer: "connect", generation: 1 });
    return it.state.name === "connecting" ? `${it.state.cause?.phase}: ${it.state.cause?.message}` : "";
  });
  expect(messages.map((text) => /^(\w+): .* waiting for (.*?) \(/.exec(text)?.slice(1))).toEqual([
    ["connect", "the headers provider"],
    ["connect", "the protocols provider"],
    ["connect", "the host name"],
    ["connect", "the TCP connection"],
    ["connect", "the TLS handshake"],
    ["open", "the answer to the upgrade request"],
  ]);
});

test("an onConnect that throws or hangs is a failed connection, retried even where the reason looks fatal", () => {
  for (const event of [
    { type: "prepareFailed", generation: 1, thrown: refusedWith(401) },
    { type: "timer", timer: "connect", generation: 1 },
  ] as const) {
    const it = machine().on({ type: "start" }).on({ type: "opened", generation: 1 }).on(event);
    expect(it.state).toMatchObject({ name: "connecting", step: { at: "waiting" }, cause: { phase: "open" } });
    expect(["destroySocket", "hold", "disconnected"].map((type) => it.has(type as "hold"))).toEqual([true, true, true]);
  }
});

test("without reconnect the first loss is the last", () => {
  const it = opened({ reconnect: false }).lose(passing);
  expect(it.state).toMatchObject({ name: "failed" });
  expect(it.effects).toContainEqual({ type: "disconnected", error: passing, willReconnect: false });
});

test("maxAttempts bounds the redials in a row", () => {
  const it = opened({ reconnect: { ...settings.reconnect, maxAttempts: 2 } as never });
  it.lose(passing).redial().lose(passing).redial();
  expect(it.lose(passing).state.name).toBe("failed");
});

test("a silent connection is destroyed and redialled", () => {
  const it = opened();
  const beat = (now: number) => {
    it.now = now;
    return it.on({ type: "timer", timer: "heartbeat", generation: 1, lastByteAt: 0, readingSince: 0 });
  };
  expect(beat(20_000).has("sendPing")).toBe(true);
  beat(40_000);
  expect(it.state).toMatchObject({ name: "reconnecting", cause: { code: "timeout-pong" } });
  expect(it.effects).toContainEqual({ type: "destroySocket", generation: 1 });
});

test("a live connection is looked at again, with or without a new ping", () => {
  const it = opened();
  it.now = 20_000;
  it.on({ type: "timer", timer: "heartbeat", generation: 1, lastByteAt: 0, readingSince: 0 });
  it.now = 40_000;
  it.on({ type: "timer", timer: "heartbeat", generation: 1, lastByteAt: 20_001, readingSince: 0 });
  expect([it.state.name, it.has("sendPing"), it.timer("heartbeat")]).toEqual(["open", true, 20_000]);
});

test("a socket of an old generation that opens late is destroyed", () => {
  const it = machine().on({ type: "start" }).on({ type: "timer", timer: "connect", generation: 1 }).redial();
  it.on({ type: "opened", generation: 1 });
  expect(it.effects).toEqual([{ type: "destroySocket", generation: 1 }]);
  expect(it.state).toMatchObject({ generation: 2, step: { at: "dialing" } });
});

test("closing flushes, then says goodbye, then waits for the peer", () => {
  const it = opened().on({ type: "close" });
  expect([it.state, it.has("flush"), it.timer("close")]).toMatchObject([{ step: "flushing" }, true, 5_000]);
  it.on({ type: "flushed", generation: 1 });
  expect([it.state, it.has("closeSocket")]).toMatchObject([{ step: "handshake" }, true]);
  it.lose(closedWith(1000));
  expect([it.state, it.has("end"), it.has("destroySocket")]).toMatchObject([{ name: "closed" }, true, false]);
});

test("a peer that does not close is destroyed at the close limit", () => {
  const it = opened().on({ type: "close" }).on({ type: "timer", timer: "close", generation: 1 });
  expect([it.state.name, it.has("destroySocket"), it.has("end")]).toEqual(["closed", true, true]);
});

test("a failed stream can be started again, as a new generation", () => {
  const it = opened({ reconnect: false }).lose(passing).on({ type: "start" });
  expect(it.state).toMatchObject({ name: "connecting", generation: 2 });
});

test("a change of state or step is announced, and nothing else is", () => {
  const it = machine().on({ type: "start" });
  expect(it.effects.filter(({ type }) => type === "announce")).toHaveLength(1);
  expect(it.on({ type: "stage", generation: 1, stage: "tcp" }).has("announce")).toBe(false);
});

function must(holds: boolean, rule: string): void {
  if (!holds) throw new Error(rule);
}

// Whatever happens, in whatever order: every event may come in every state, of this connection or an older one.
const generations = fc.nat({ max: 3 });
const errors = fc.constantFrom(
  passing,
  closedWith(1000),
  closedWith(1008),
  closedWith(1012),
  refusedWith(401),
  refusedWith(503, 2_000),
);
const events = fc.oneof(
  fc.constantFrom({ type: "start" }, { type: "close" }, { type: "reset" }),
  fc.record({ type: fc.constant("opened"), age: generations }),
  fc.record({ type: fc.constant("prepared"), age: generations }),
  fc.record({ type: fc.constant("prepareFailed"), age: generations, thrown: fc.constant("no") }),
  fc.record({ type: fc.constant("flushed"), age: generations }),
  fc.record({ type: fc.constant("stage"), age: generations, stage: fc.constant("tcp") }),
  fc.record({ type: fc.constant("lost"), age: generations, error: errors }),
  fc.record({
    type: fc.constant("timer"),
    timer: fc.constantFrom("connect", "start", "retry", "close", "heartbeat"),
    age: generations,
    lastByteAt: fc.nat(100_000),
    readingSince: fc.option(fc.nat(100_000), { nil: undefined }),
  }),
);
const steps = fc.array(fc.tuple(events, fc.nat(25_000), fc.double({ min: 0, max: 0.999, noNaN: true })), {
  maxLength: 60,
});

test("property: one socket at most, generations only grow, nothing is left behind, and close leads to closed", () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (walk, withReconnect) => {
      const it = machine(withReconnect ? {} : { reconnect: false });
      const sockets = new Set<number>();
      const timers = new Map<string, number>();
      let newest = 0;
      const apply = () => {
        for (const effect of it.effects) {
          const isOld = "generation" in effect && effect.generation < newest;
          must(!isOld || effect.type === "destroySocket", `${effect.type} for an old generation`);
          if (effect.type === "dial") {
            must(effect.generation === newest + 1, "a generation is one above the last");
            newest = effect.generation;
            sockets.add(newest);
          }
          if (effect.type === "destroySocket") sockets.delete(effect.generation);
          if (effect.type === "setTimer") {
            must(effect.delayMs >= 0, "a delay is not negative");
            timers.set(effect.timer, effect.generation);
          }
          if (effect.type === "cancelTimer") timers.delete(effect.timer);
        }
        expect(sockets.size).toBeLessThanOrEqual(1);
        expect(it.state.generation).toBe(newest);
        const isOver = ["idle", "closed", "failed"].includes(it.state.name);
        must(
          !isOver || timers.size + sockets.size === 0,
          `${it.state.name} leaves ${[...timers.keys()].join()} behind`,
        );
        const hasSocket =
          "step" in it.state
            ? typeof it.state.step === "string" || it.state.step.at !== "waiting"
            : it.state.name === "open";
        expect(sockets.size === 1).toBe(hasSocket);
      };
      for (const [template, passedMs, random] of walk) {
        it.now += passedMs;
        it.random = random;
        const age = "age" in template ? template.age : 0;
        const event = { ...template, generation: Math.max(0, it.state.generation - age) } as unknown as ConnectionEvent;
        // The world keeps its word: only a timer that is set fires, and a socket that is lost is gone.
        if (event.type === "timer") {
          const set = timers.get(event.timer);
          if (set === undefined) continue;
          timers.delete(event.timer);
          it.on({ ...event, generation: set });
        } else {
          if (event.type === "lost") sockets.delete(event.generation);
          it.on(event);
        }
        apply();
      }
      it.on({ type: "close" });
      apply();
      if (it.state.name === "closing") {
        it.on({ type: "timer", timer: "close", generation: it.state.generation });
        timers.delete("close");
        apply();
      }
      expect(it.state.name).toBe("closed");
      for (const [template] of walk) {
        it.on({ ...template, generation: it.state.generation } as unknown as ConnectionEvent);
        expect(it.state.name).toBe("closed");
        expect(it.effects.every(({ type }) => type === "destroySocket")).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});
