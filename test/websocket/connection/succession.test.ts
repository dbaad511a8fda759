import { expect, test } from "vitest";
import type { ConnectionEvent, StreamState } from "../../../src/websocket/connection/connection-model.ts";
import { closedWith, type Machine, opened, passing, refusedWith } from "../machine.ts";

const rotation = { everyMs: 60_000, returnAfterMs: 45_000 };
const rotating = (): Machine => opened({ rotation }).on({ type: "rotate" });

const successorOf = (state: StreamState) => (state.name === "open" ? state.successor : undefined);

const stageOf = (generation: number) => ({ type: "stage", generation, stage: "endpoint", endpoints: 3 }) as const;

/** An event of the successor. */
function next(it: Machine, event: { readonly type: string } & Record<string, unknown>): Machine {
  return it.on({ generation: successorOf(it.state)?.generation ?? 0, ...event } as unknown as ConnectionEvent);
}

test("a successor is dialled while the open connection flows on", () => {
  const it = rotating();
  expect(it.effects).toEqual([{ type: "dial", generation: 2, attempt: 1, endpoint: 0, isRenewed: false }]);
  expect(it.state).toMatchObject({ name: "open", generation: 1, successor: { generation: 2 } });
});

test("when it is ready the flow moves over in one step, and then the old connection retires", () => {
  const it = rotating();
  next(it, { type: "stage", stage: "upgrade" });
  next(it, { type: "opened" });
  expect(it.effects).toEqual([{ type: "prepare", generation: 2 }]);
  next(it, { type: "prepared" });
  expect(it.state).toMatchObject({ name: "open", generation: 2, successor: undefined });
  const order = it.effects.flatMap((effect) =>
    effect.type === "flow" || effect.type === "retire" ? [`${effect.type} ${effect.generation}`] : [],
  );
  expect(order).toEqual(["flow 2", "retire 1"]);
  expect(it.effects).toContainEqual({ type: "disconnected", willReconnect: true });
  expect([it.timer("heartbeat"), it.timer("rotate")]).toEqual([20_000, 57_000]);
});

test("a second wish to rotate does not dial a second successor", () => {
  expect(rotating().on({ type: "rotate" }).effects).toEqual([]);
});

test("a stream whose messages cannot be told apart does not rotate", () => {
  expect(opened().on({ type: "rotate" }).effects).toEqual([]);
});

test("a connection rotates at its age, up to a tenth earlier and never later", () => {
  const delays = [0, 0.999_999].map((random) => {
    const it = opened({ rotation });
    it.random = random;
    it.lose(passing).redial().open();
    return Math.round(it.timer("rotate") ?? 0);
  });
  expect(delays).toEqual([60_000, 54_000]);
  expect(opened({ rotation }).on({ type: "timer", timer: "rotate", generation: 1 }).has("dial")).toBe(true);
});

test("a successor that fails leaves the stream where it is, and is tried again after the ordinary wait", () => {
  const it = rotating();
  next(it, { type: "lost", error: passing });
  expect(it.state).toMatchObject({ name: "open", generation: 1, successor: { step: { at: "waiting" }, failures: 1 } });
  expect([it.timer("retry"), it.has("report"), it.has("disconnected")]).toEqual([250, true, false]);
  next(it, { type: "timer", timer: "retry" });
  expect(it.effects).toContainEqual({ type: "dial", generation: 3, attempt: 2, endpoint: 1, isRenewed: false });
});

test("a successor that is refused for good ends nothing, and is not tried in a hurry", () => {
  const it = rotating();
  next(it, { type: "lost", error: refusedWith(404) });
  expect([it.state.name, it.timer("retry")]).toEqual(["open", 30_000]);
});

test("a successor that fails while it is prepared is held, destroyed, and told of", () => {
  const it = rotating();
  next(it, { type: "opened" });
  next(it, { type: "prepareFailed", thrown: new Error("no") });
  const told = it.effects.map(({ type }) => type);
  // Not reported: onError was given what onConnect threw.
  expect(told).toEqual(["cancelTimer", "hold", "destroySocket", "disconnected", "setTimer"]);
});

test("a successor that takes too long is given up at the connect limit", () => {
  const it = rotating();
  expect(next(it, { type: "stage", stage: "endpoint" }).timer("connect")).toBe(10_000);
  next(it, { type: "timer", timer: "connect" });
  expect(it.state).toMatchObject({ name: "open", successor: { step: { at: "waiting" } } });
  expect(it.effects).toContainEqual(expect.objectContaining({ type: "destroySocket", generation: 2 }));
});

test("where the old connection is lost meanwhile, the successor is the next attempt", () => {
  const it = rotating();
  next(it, { type: "opened" });
  it.lose(closedWith(1001));
  expect(it.state).toMatchObject({ name: "reconnecting", generation: 2, step: { at: "preparing" } });
  expect([it.has("dial"), it.timer("retry")]).toEqual([false, undefined]);
  it.on({ type: "prepared", generation: 2 });
  expect(it.state).toMatchObject({ name: "open", generation: 2 });
});

test("where the old connection is lost while the successor waits, the ordinary redial takes its place", () => {
  const it = rotating();
  next(it, { type: "lost", error: passing });
  it.lose(closedWith(1001));
  expect(it.state).toMatchObject({ name: "reconnecting", generation: 2, step: { at: "waiting" } });
  expect(it.effects).toContainEqual({ type: "cancelTimer", timer: "retry" });
  expect(it.redial().state.generation).toBe(3);
});

test("close() gives a successor up at once, however far it is", () => {
  const dialling = rotating().on({ type: "close" });
  expect(dialling.effects).toContainEqual({ type: "destroySocket", generation: 2 });
  const preparing = next(rotating(), { type: "opened" }).on({ type: "close" });
  expect(preparing.effects).toContainEqual({ type: "disconnected", willReconnect: false });
  const waiting = next(rotating(), { type: "lost", error: passing }).on({ type: "close" });
  expect(waiting.effects).toContainEqual({ type: "cancelTimer", timer: "retry" });
});

test("a stream that is not at its first endpoint goes back to it", () => {
  const it = opened({ rotation });
  it.lose(passing).redial().on({ type: "stage", generation: 2, stage: "endpoint", endpoints: 2 }).open();
  expect(it.timer("rotate")).toBe(45_000);
  it.on({ type: "timer", timer: "rotate", generation: 2 });
  expect(it.effects).toContainEqual({ type: "dial", generation: 3, attempt: 1, endpoint: 0, isRenewed: false });
});

test("a refusal of the credentials has others asked for, for the next try", () => {
  const it = next(rotating(), { type: "lost", error: refusedWith(401) });
  expect([it.has("renew"), it.timer("retry")]).toEqual([true, 250]);
});

test("a successor has its credentials renewed once, and is then not tried in a hurry", () => {
  const it = next(rotating(), { type: "lost", error: refusedWith(401) });
  next(it, { type: "renewed", hasOthers: true });
  next(it, { type: "timer", timer: "retry" });
  expect(it.effects).toContainEqual({ type: "dial", generation: 3, attempt: 2, endpoint: 1, isRenewed: true });
  next(it, { type: "lost", error: refusedWith(401) });
  expect([it.has("renew"), it.timer("retry")]).toEqual([false, 30_000]);
});

test("credentials that were renewed for a successor are not renewed again before a connection was stable", () => {
  const renewing = (): Machine =>
    next(next(rotating(), { type: "lost", error: refusedWith(401) }), { type: "timer", timer: "retry" });
  const left = renewing().lose(passing);
  expect(left.lose(refusedWith(401)).state.name).toBe("failed");
  const taken = next(renewing(), { type: "opened" });
  next(taken, { type: "prepared" });
  expect(taken.state).toMatchObject({ name: "open", generation: 3, isRenewed: true });
  taken.now += 10_000;
  expect(taken.lose(closedWith(3000)).has("renew")).toBe(true);
});

test("an outage whose first attempt is the successor goes on with the endpoint after the successor's", () => {
  const it = opened({ rotation }).lose(passing).redial().on(stageOf(2)).open().on({ type: "rotate" });
  next(it, { type: "stage", stage: "endpoint", endpoints: 3 });
  it.lose(passing);
  expect(it.state).toMatchObject({ name: "reconnecting", generation: 3, misses: 0, endpoints: 3 });
  it.lose(passing).redial();
  expect(it.effects).toContainEqual(expect.objectContaining({ type: "dial", endpoint: 1 }));
});

/** Lets the successor open and take over. */
function takeOver(it: Machine): Machine {
  return next(next(it, { type: "opened" }), { type: "prepared" });
}

test("a feed that announces the end of each connection at once is not stormed", () => {
  const it = takeOver(rotating());
  const delays: (number | undefined)[] = [];
  for (let rotations = 0; rotations < 4; rotations++) {
    delays.push(it.on({ type: "rotate" }).timer("rotate"));
    expect([it.has("dial"), it.on({ type: "rotate" }).has("setTimer")]).toEqual([false, false]);
    it.now += delays.at(-1) ?? 0;
    takeOver(it.on({ type: "timer", timer: "rotate", generation: it.state.generation }));
  }
  expect(delays).toEqual([250, 500, 1_000, 2_000]);
  it.now += 10_000;
  expect(it.on({ type: "rotate" }).has("dial")).toBe(true);
  expect(takeOver(it).on({ type: "rotate" }).has("dial")).toBe(true);
});

test("a rotation that is due already is not put off by an announcement", () => {
  const it = takeOver(opened({ rotation: { everyMs: 100, returnAfterMs: 45_000 } }).on({ type: "rotate" }));
  expect(it.timer("rotate")).toBe(95);
  expect(it.on({ type: "rotate" }).effects).toEqual([]);
});

test("a feed that announces the end and then cuts at once is not stormed either", () => {
  const it = rotating().lose(passing).open();
  expect([it.state.name, it.on({ type: "rotate" }).has("dial")]).toEqual(["open", false]);
  expect(it.lose(passing).timer("retry")).toBe(250);
});

test("a successor does not clear the backoff of a connection that was not stable", () => {
  const unstable = takeOver(
    opened({ rotation }).lose(passing).redial().lose(passing).redial().open().on({ type: "rotate" }),
  );
  expect(unstable.lose(passing).timer("retry")).toBe(1_000);
  const stable = opened({ rotation }).lose(passing).redial().lose(passing).redial().open();
  stable.now += 10_000;
  expect(
    takeOver(stable.on({ type: "rotate" }))
      .lose(passing)
      .timer("retry"),
  ).toBe(250);
});

/** Open at the second of three endpoints, since the first one failed, until it is to go back. */
function atSecond(returnAfterMs = 45_000): Machine {
  const it = opened({ rotation: { everyMs: 600_000, returnAfterMs } });
  // It was stable, so its end says nothing against its endpoint.
  it.now = 20_000;
  it.lose(passing).redial();
  it.on(stageOf(2)).lose(passing).redial().open();
  expect(it.state).toMatchObject({ name: "open", misses: 1, endpoints: 3 });
  expect(it.timer("rotate")).toBe(returnAfterMs);
  it.now += returnAfterMs;
  return it.on({ type: "timer", timer: "rotate", generation: it.state.generation });
}

test("a stream that would go back, and finds the first endpoint down, stays where it is until the next time", () => {
  const it = atSecond();
  expect(it.effects).toMatchObject([{ type: "dial", endpoint: 0 }]);
  it.on(stageOf(successorOf(it.state)?.generation ?? 0));
  next(it, { type: "lost", error: passing });
  expect(it.effects).toMatchObject([
    { type: "cancelTimer", timer: "connect" },
    { type: "report" },
    { type: "setTimer" },
  ]);
  expect([it.timer("rotate"), it.timer("retry")]).toEqual([45_000, undefined]);
  expect(it.state).toMatchObject({ name: "open", successor: undefined, rotateAt: it.now + 45_000 });
});

test("a stream that would go back, and is asked to rotate meanwhile, rotates to wherever it can", () => {
  const it = atSecond().on({ type: "rotate" });
  it.on(stageOf(successorOf(it.state)?.generation ?? 0));
  next(it, { type: "lost", error: passing });
  expect(successorOf(it.state)).toMatchObject({ failures: 1, step: { at: "waiting" } });
});

test("a stream whose time is up rotates to wherever it can, and does not begin with going back", () => {
  const it = atSecond();
  let rotations = 0;
  while (rotations++ < 20) {
    it.on(stageOf(successorOf(it.state)?.generation ?? 0));
    next(it, { type: "lost", error: passing });
    const delayMs = it.timer("rotate");
    if (delayMs === undefined) break;
    it.now += delayMs;
    it.on({ type: "timer", timer: "rotate", generation: it.state.generation });
  }
  expect(it.now).toBeLessThanOrEqual(620_000);
  expect(successorOf(it.state)).toMatchObject({ failures: 1, step: { at: "waiting" } });
});

test("a stream that could not go back looks again no later than its time is up", () => {
  const it = atSecond(400_000);
  it.on(stageOf(successorOf(it.state)?.generation ?? 0));
  next(it, { type: "lost", error: passing });
  // With a random number of one half, its time is up a twentieth early.
  expect(it.timer("rotate")).toBe(570_000 - 400_000);
});

test("a rotation that was asked for and put off goes wherever it can", () => {
  const it = opened({ rotation });
  it.now = 20_000;
  it.lose(passing).redial();
  it.on(stageOf(2)).lose(passing).redial().open();
  it.state = { ...it.state, rotations: 1 } as StreamState;
  it.on({ type: "rotate" });
  it.now += it.timer("rotate") ?? 0;
  it.on({ type: "timer", timer: "rotate", generation: it.state.generation });
  it.on(stageOf(successorOf(it.state)?.generation ?? 0));
  next(it, { type: "lost", error: passing });
  expect(successorOf(it.state)).toMatchObject({ failures: 1, step: { at: "waiting" } });
});

test("a look that led nowhere is no rotation: the next wish to rotate is free again", () => {
  const it = atSecond(5_000);
  it.on(stageOf(successorOf(it.state)?.generation ?? 0));
  next(it, { type: "lost", error: passing });
  expect(it.state).toMatchObject({ rotations: 0 });
  expect(it.on({ type: "rotate" }).has("dial")).toBe(true);
});

test("where the endpoints are others than before, a successor that fails is tried at the next of them", () => {
  const it = atSecond();
  it.on({ type: "stage", generation: successorOf(it.state)?.generation ?? 0, stage: "endpoint", endpoints: 4 });
  next(it, { type: "lost", error: passing });
  expect([it.timer("rotate"), it.timer("retry")]).toEqual([undefined, 250]);
});

test("credentials that are refused on the way back are renewed before the stream stays where it is", () => {
  const it = atSecond();
  it.on(stageOf(successorOf(it.state)?.generation ?? 0));
  next(it, { type: "lost", error: refusedWith(401) });
  expect([it.has("renew"), it.timer("retry"), it.timer("rotate")]).toEqual([true, 250, undefined]);
});

test("a wish that has to wait says when it will be heeded", () => {
  const it = takeOver(opened({ rotation }).on({ type: "rotate" }));
  it.now += 100;
  const delayMs = it.on({ type: "rotate" }).timer("rotate");
  expect(delayMs).toBe(250);
  expect(it.state).toMatchObject({ rotateAt: it.now + 250 });
});
