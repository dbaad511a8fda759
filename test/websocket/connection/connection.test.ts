import { expect, test } from "vitest";
import { closedWith, machine, opened, passing, reconnect, refusedWith } from "../machine.ts";

test("a start dials generation 1, within a limit for the attempt and one for all of them", () => {
  const it = machine().on({ type: "start" });
  expect(it.state).toMatchObject({ name: "connecting", generation: 1, step: { at: "dialing", stage: "turn" } });
  expect(it.effects).toContainEqual({ type: "dial", generation: 1, attempt: 1, endpoint: 0, isRenewed: false });
  expect([it.timer("connect"), it.timer("start")]).toEqual([undefined, 30_000]);
  expect(it.on({ type: "stage", generation: 1, stage: "endpoint" }).timer("connect")).toBe(10_000);
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
  const error = refusedWith(403);
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
  expect(it.effects).toContainEqual({ type: "destroySocket", generation: 2, error: passing });
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
  const it = opened({ reconnect: { ...reconnect, maxAttempts: 2 } });
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
  expect(it.has("destroySocket")).toBe(true);
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

test("a service that accepts and then cuts gets a bounded number of dials, whatever it announces before", () => {
  for (const isAnnounced of [false, true]) {
    const it = opened({ rotation: { everyMs: 60_000, returnAfterMs: 60_000 } });
    let dials = 0;
    while (it.now < 3_600_000 && dials < 1_000) {
      if (isAnnounced) it.on({ type: "rotate" });
      if (it.has("dial")) dials++;
      it.lose(closedWith(1000));
      it.now += it.timer("retry") ?? 0;
      if (it.state.name === "reconnecting" && it.state.step.at === "waiting") it.redial();
      if (it.has("dial")) dials++;
      it.open();
    }
    // Half of maxDelayMs on average.
    expect(dials).toBeLessThan(250);
  }
});
