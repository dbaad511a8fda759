import { expect, test } from "vitest";
import { DialTurns, dialTurns, maxDialsPerHost } from "../../../src/websocket/dial/dial-turns.ts";
import { settled } from "../../support/virtual-clock.ts";
import { thrownBy } from "../peer.ts";

const never = new AbortController().signal;

/** Takes turns and writes down who got one. */
function dialler(turns: DialTurns, host = "a:443") {
  const got: number[] = [];
  const releases = new Map<number, () => void>();
  return {
    got,
    releases,
    take(id: number, signal: AbortSignal = never): Promise<unknown> {
      return turns.take(host, signal).then((release) => {
        got.push(id);
        releases.set(id, release);
        return release;
      });
    },
    release(id: number): void {
      releases.get(id)?.();
    },
  };
}

test("of a hundred, never more than ten dial at once, and all in the order they came in", async () => {
  const turns = new DialTurns();
  const all = dialler(turns);
  let active = 0;
  let most = 0;
  const order = Array.from({ length: 100 }, (_, id) => id);
  await Promise.all(
    order.map(async (id) => {
      await all.take(id);
      active++;
      most = Math.max(most, active);
      await settled();
      active--;
      all.release(id);
    }),
  );
  expect(most).toBe(maxDialsPerHost);
  expect(all.got).toEqual(order);
  expect(turns.hosts).toBe(0);
});

test("one that gives up in the line is passed over, and its reason is thrown unchanged", async () => {
  const turns = new DialTurns();
  const all = dialler(turns);
  for (let id = 0; id < maxDialsPerHost; id++) await all.take(id);
  const abort = new AbortController();
  const givenUp = thrownBy(all.take(10, abort.signal));
  const next = all.take(11);
  const reason = new Error("closed");
  abort.abort(reason);
  expect(await givenUp).toBe(reason);
  all.release(0);
  await next;
  expect(all.got).not.toContain(10);
  for (let id = 1; id <= 11; id++) all.release(id);
  expect(turns.hosts).toBe(0);
});

test("a signal that has aborted before takes no turn", async () => {
  const turns = new DialTurns();
  const reason = new Error("closed");
  expect(await thrownBy(turns.take("a:443", AbortSignal.abort(reason)))).toBe(reason);
  expect(turns.hosts).toBe(0);
});

test("a turn that was given stays with whoever got it, though the signal aborts afterwards", async () => {
  const turns = new DialTurns();
  const abort = new AbortController();
  const release = await turns.take("a:443", abort.signal);
  abort.abort();
  expect(turns.hosts).toBe(1);
  release();
  expect(turns.hosts).toBe(0);
});

test("a turn is given back once, however often it is given back", async () => {
  const turns = new DialTurns();
  const all = dialler(turns);
  for (let id = 0; id < maxDialsPerHost; id++) await all.take(id);
  const waiting = [all.take(10), all.take(11)];
  all.release(0);
  all.release(0);
  all.release(0);
  await settled();
  expect(all.got).not.toContain(11);
  all.release(1);
  await Promise.all(waiting);
});

test("hosts do not wait for each other", async () => {
  const turns = new DialTurns();
  const one = dialler(turns, "a:443");
  for (let id = 0; id < maxDialsPerHost; id++) await one.take(id);
  await dialler(turns, "b:443").take(0);
  expect(turns.hosts).toBe(2);
});

test("nothing is held before anybody dials", () => {
  expect(dialTurns.hosts).toBe(0);
});
