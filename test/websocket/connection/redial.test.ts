import { expect, test } from "vitest";
import { ServiceConfigurationError } from "../../../src/core/errors.ts";
import { closedWith, machine, opened, passing, refusedWith } from "../machine.ts";

const endpoints = (generation: number, count: number) =>
  ({ type: "stage", generation, stage: "endpoint", endpoints: count }) as const;

test("the backoff grows only when every endpoint has been tried", () => {
  const it = machine({ startTimeoutMs: 600_000 }).on({ type: "start" });
  const delays: (number | undefined)[] = [];
  const dialled: unknown[] = [];
  for (let dials = 1; dials <= 6; dials++) {
    it.on(endpoints(dials, 3)).lose(passing);
    delays.push(it.timer("retry"));
    it.redial();
    dialled.push(it.effects.find(({ type }) => type === "dial"));
  }
  expect(delays).toEqual([250, 250, 250, 500, 500, 500]);
  expect(dialled).toMatchObject([1, 2, 3, 4, 5, 6].map((endpoint) => ({ endpoint })));
});

test("a stable connection begins the next outage with the first endpoint", () => {
  const it = machine().on({ type: "start" }).on(endpoints(1, 2)).lose(passing).redial().on(endpoints(2, 2)).open();
  it.now += 10_000;
  it.lose(passing).redial();
  expect(it.effects).toContainEqual(expect.objectContaining({ type: "dial", endpoint: 0, attempt: 2 }));
});

test("a refusal for good ends the stream only when every endpoint in a row has given one", () => {
  const it = machine().on({ type: "start" }).on(endpoints(1, 2)).lose(refusedWith(404));
  expect(it.state.name).toBe("connecting");
  it.redial().on(endpoints(2, 2)).lose(refusedWith(403));
  expect(it.state).toMatchObject({ name: "failed", error: { status: 403 } });
});

test("a passing failure in between begins the count of refusals anew", () => {
  const it = machine().on({ type: "start" }).on(endpoints(1, 2)).lose(refusedWith(404)).redial();
  it.on(endpoints(2, 2)).lose(passing).redial().on(endpoints(3, 2)).lose(refusedWith(404));
  expect(it.state.name).toBe("connecting");
});

test("what cannot be sent at all is not tried at the next endpoint", () => {
  const wrong = new ServiceConfigurationError("feed", ["headers must be an object"]);
  expect(machine().on({ type: "start" }).on(endpoints(1, 2)).lose(wrong).state.name).toBe("failed");
});

test("401 asks for other credentials, and dials again at once with them", () => {
  const it = machine().on({ type: "start" }).lose(refusedWith(401));
  expect([it.state, it.has("renew"), it.timer("connect")]).toMatchObject([{ step: { at: "renewing" } }, true, 10_000]);
  it.on({ type: "renewed", generation: 1, hasOthers: true });
  expect(it.effects).toContainEqual({ type: "dial", generation: 2, attempt: 1, endpoint: 0, isRenewed: true });
  expect(it.effects).toContainEqual({ type: "report", error: expect.objectContaining({ status: 401 }) });
});

test("a refusal is reported once, and not where the loss of an open connection has told of it", () => {
  const renewed = (hasOthers: boolean) => ({ type: "renewed", generation: 2, hasOthers }) as const;
  for (const hasOthers of [true, false]) {
    const attempt = opened().lose(passing).redial().on(endpoints(2, 2)).lose(refusedWith(401));
    expect(attempt.has("report")).toBe(false);
    const reports = attempt.on(renewed(hasOthers)).effects.filter(({ type }) => type === "report");
    expect(reports).toMatchObject([{ error: { status: 401 } }]);
    const open = opened().lose(passing).redial().on(endpoints(2, 2)).open().lose(closedWith(3000));
    expect([open.has("disconnected"), open.has("report")]).toEqual([true, false]);
    expect([open.on(renewed(hasOthers)).state.name, open.has("report")]).toEqual(["reconnecting", false]);
  }
});

test("credentials are renewed once in a row", () => {
  const it = machine()
    .on({ type: "start" })
    .lose(refusedWith(401))
    .on({ type: "renewed", generation: 1, hasOthers: true });
  expect(it.lose(refusedWith(401)).state).toMatchObject({ name: "failed", error: { status: 401 } });
});

test("a connection that was stable may have its credentials renewed again", () => {
  const it = machine()
    .on({ type: "start" })
    .lose(refusedWith(401))
    .on({ type: "renewed", generation: 1, hasOthers: true });
  it.open();
  it.now += 10_000;
  expect(it.lose(closedWith(3000)).state).toMatchObject({ name: "reconnecting", step: { at: "renewing" } });
});

test("a service that accepts and then says 3000 is not stormed with new credentials", () => {
  const it = opened().lose(closedWith(3000)).on({ type: "renewed", generation: 1, hasOthers: true }).open();
  expect(it.lose(closedWith(3000)).state.name).toBe("failed");
});

test("where there are no other credentials, the refusal stands", () => {
  const it = machine().on({ type: "start" }).lose(refusedWith(401));
  it.on({ type: "renewed", generation: 1, hasOthers: false });
  expect(it.state).toMatchObject({ name: "failed", error: { status: 401 } });
});

test("a stable connection that ends by its credentials begins the outage with the first endpoint, others or not", () => {
  for (const hasOthers of [true, false]) {
    const it = machine().on({ type: "start" }).on(endpoints(1, 3)).lose(passing).redial().on(endpoints(2, 3)).open();
    it.now += 10_000;
    it.lose(closedWith(3000)).on({ type: "renewed", generation: 2, hasOthers });
    if (!hasOthers) it.redial();
    expect(it.effects).toContainEqual(expect.objectContaining({ type: "dial", endpoint: 0 }));
  }
});

test("a provider that does not renew in time is given up with the refusal", () => {
  const it = machine()
    .on({ type: "start" })
    .lose(refusedWith(401))
    .on({ type: "timer", timer: "connect", generation: 1 });
  expect(it.state).toMatchObject({ name: "failed", error: { status: 401 } });
  expect(it.has("destroySocket")).toBe(true);
});

test("a stream that does not reconnect does not renew either", () => {
  expect(machine({ reconnect: false }).on({ type: "start" }).lose(refusedWith(401)).state.name).toBe("failed");
});

test("hurry ends a wait at once, and counts as the retry that it was", () => {
  const it = opened().lose(passing).on({ type: "hurry", lastByteAt: 0 });
  expect(it.state).toMatchObject({ name: "reconnecting", generation: 2, retries: 1, step: { at: "dialing" } });
  expect(it.effects[0]).toEqual({ type: "cancelTimer", timer: "retry" });
});

test("hurry on an open connection sends a ping, and looks for its answer within 5 s", () => {
  const it = opened().on({ type: "hurry", lastByteAt: 0 });
  expect([it.has("sendPing"), it.timer("heartbeat")]).toEqual([true, 5_000]);
});

test("hurry does nothing to a dial that is under way, nor to a stream that is over", () => {
  expect(machine().on({ type: "start" }).on({ type: "hurry", lastByteAt: 0 }).effects).toEqual([]);
  expect(machine().on({ type: "close" }).on({ type: "hurry", lastByteAt: 0 }).effects).toEqual([]);
});

test("what one endpoint asks for does not keep the stream from the next", () => {
  const it = machine({ startTimeoutMs: 600_000 }).on({ type: "start" }).on(endpoints(1, 2));
  expect(it.lose(refusedWith(503, 20_000)).timer("retry")).toBe(250);
  it.now += 250;
  it.redial().on(endpoints(2, 2)).lose(passing);
  // 20 s, and the ordinary 250 ms, from when it asked.
  expect(it.timer("retry")).toBe(20_000);
});

test("an endpoint that asked to be left alone is dialled after the ordinary wait once that is over", () => {
  const it = machine({ startTimeoutMs: 600_000 })
    .on({ type: "start" })
    .on(endpoints(1, 2))
    .lose(refusedWith(503, 2_000));
  it.redial().on(endpoints(2, 2));
  it.now += 9_000;
  expect(it.lose(passing).timer("retry")).toBe(250);
});

test("a restart of one endpoint after a stable connection sends the stream to the first at once", () => {
  const it = machine().on({ type: "start" }).on(endpoints(1, 2)).lose(passing).redial().on(endpoints(2, 2)).open();
  it.now += 10_000;
  expect(it.lose(closedWith(1012)).timer("retry")).toBe(250);
});
