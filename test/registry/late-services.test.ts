import { expect, test } from "vitest";
import { isServiceConfigurationError, isServiceUnavailableError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { service } from "../../src/registry/custom-service.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest, ws } from "../../src/registry/definition.ts";
import { failureOf, reasonOf } from "../support/rest-client.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { answer, startPeer } from "../websocket/peer.ts";

const baseUrl = "https://a.example";
const own = new Error("mine");

/** A late service that fails so many times, beside one that is there at once. */
function lateAfter(failures: number, critical = false) {
  let left = failures;
  const clock = new VirtualClock();
  const cache = service({
    late: true,
    critical,
    create: async () => (left-- > 0 ? Promise.reject(own) : { size: 3 }),
  });
  const payments = rest({ baseUrl, healthEndpoint: false });
  const options = { logger: silentLogger, env: {}, clock, random: () => 0.5 };
  return { clock, services: defineServices({ payments, cache }, options) };
}

test("the start does not wait for a late service, and get says what to do until it is up", async () => {
  const { clock, services } = lateAfter(2);
  await services.start();
  await settled();
  expect(services.has("cache")).toBe(false);
  expect([...services.entries()].map(([name]) => name)).toEqual(["payments"]);
  const refused = await failureOf((async () => services.get("cache"))(), isServiceUnavailableError);
  expect(refused.code).toBe("unavailable-not-started");
  expect(refused.message).toContain(
    'it is late, and not connected yet (last: Error): await services.ready("cache"), or ask services.has("cache") first',
  );
  const ready = services.ready("cache");
  await clock.advance(250);
  await clock.advance(500);
  expect(await ready).toEqual({ size: 3 });
  expect(services.get("cache")).toBe(await ready);
  expect(services.has("cache")).toBe(true);
  await services.stop();
  expect(clock.timers).toBe(0);
});

test.each([
  [false, "warn", "warn"],
  [true, "fail", "fail"],
])("health shows a late service that is not up (critical: %s) as %s", async (critical, status, all) => {
  const { clock, services } = lateAfter(1, critical);
  await services.start();
  await settled();
  const health = await services.health();
  expect(health.status).toBe(all);
  expect(health.services.cache).toMatchObject({ status, state: "starting" });
  expect(health.services.cache?.output).toContain("not connected yet (last: Error)");
  await clock.advance(250);
  // That it came up is not hidden by the answer before.
  expect((await services.health()).status).toBe("pass");
  await services.stop();
});

test("ready ends by the caller's signal, by a stop, and by a start that fails", async () => {
  const { services } = lateAfter(Number.POSITIVE_INFINITY);
  await services.start();
  const giveUp = new AbortController();
  const mine = reasonOf(services.ready("cache", { signal: giveUp.signal }));
  await settled();
  giveUp.abort(own);
  expect(await mine).toBe(own);
  const waiting = reasonOf(services.ready("cache"));
  await settled();
  await services.stop();
  expect(await waiting).toMatchObject({ code: "unavailable-draining" });
  expect(await reasonOf(services.ready("cache"))).toMatchObject({ code: "unavailable-stopped" });

  const failing = defineServices(
    {
      cache: service({ late: true, create: () => Promise.reject(own) }),
      broken: service({ create: () => Promise.reject(own) }),
    },
    { logger: silentLogger, env: {} },
  );
  const started = reasonOf(failing.start());
  const waited = reasonOf(failing.ready("cache"));
  expect([await started, await waited]).toEqual([own, own]);
});

test("ready waits for any service while the registry starts, and hands out a fake at once", async () => {
  const slow = Promise.withResolvers<{ id: number }>();
  const one = service({ create: () => slow.promise });
  const services = defineServices({ one }, { logger: silentLogger, env: {} });
  expect(await reasonOf(services.ready("one"))).toMatchObject({ code: "unavailable-not-started" });
  const started = services.start();
  const ready = services.ready("one");
  slow.resolve({ id: 7 });
  expect(await ready).toEqual({ id: 7 });
  await started;
  await services.stop();
  const fake = { id: 8 };
  expect(await services.with({ one: fake }, () => services.ready("one"))).toBe(fake);
  const unknown = await failureOf(services.ready("two" as "one"), isServiceConfigurationError);
  expect(unknown.problems).toEqual(['no service is named "two"; known are one']);
});

test("a stream whose service refuses is connected once it does not, and closed with the registry", async () => {
  await using peer = await startPeer({ refuse: (socket, _request, number) => number < 3 && answer(socket, 503) });
  const feed = ws({ late: true, reconnect: false });
  const options = { logger: silentLogger, env: { FEED_URL: peer.url }, random: () => 0 };
  const services = defineServices({ feed }, options);
  await services.start();
  expect(services.has("feed")).toBe(false);
  const stream = await services.ready("feed");
  expect(stream.state.name).toBe("open");
  expect(peer.requests).toHaveLength(3);
  await services.stop();
  expect(stream.state.name).toBe("closed");
});
