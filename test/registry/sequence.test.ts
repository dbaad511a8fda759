import { expect, test } from "vitest";
import { isServiceStopError } from "../../src/core/errors.ts";
import { closeAll, inOrder } from "../../src/registry/sequence.ts";
import { failureOf } from "../support/rest-client.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { journalMembers } from "./members.ts";

const own = new Error("mine");
const throwOwn = async (): Promise<void> => {
  throw own;
};

test("what is needed comes before what needs it, and else the order stays", () => {
  const all = [
    { name: "a", needs: ["d"] },
    { name: "b", needs: [] },
    { name: "c", needs: ["a", "b"] },
    { name: "d", needs: [] },
    { name: "e", needs: ["elsewhere"] },
  ];
  expect(inOrder(all).map(({ name }) => name)).toEqual(["d", "a", "b", "c", "e"]);
});

test("members close in reverse, each when those that need it are closed, independent ones at the same time", async () => {
  const slow = Promise.withResolvers<void>();
  const { journal, members } = journalMembers({ a: {}, b: { needs: ["a"], close: () => slow.promise }, c: {}, d: {} });
  const clock = new VirtualClock();
  const closed = closeAll(members.values(), { clock, timeoutMs: 10 });
  await settled();
  expect(journal).toEqual(["close d", "close c", "close b"]);
  slow.resolve();
  await closed;
  expect(journal).toEqual(["close d", "close c", "close b", "close a"]);
  expect(clock.timers).toBe(0);
});

test("one that cannot be closed keeps no other open, and all that failed is told at the end", async () => {
  const second = new TypeError("secret in a message of somebody else's");
  const { journal, members } = journalMembers({
    a: { close: async () => Promise.reject(second) },
    b: {},
    c: { needs: ["a"], close: throwOwn },
  });
  const closed = closeAll(members.values(), { clock: new VirtualClock(), timeoutMs: 10 });
  const error = await failureOf(closed, isServiceStopError);
  expect(journal).toEqual(["close c", "close b", "close a"]);
  expect(error).toMatchObject({ code: "stop-failed", services: ["c", "a"], errors: [own, second], cause: own });
  expect(JSON.stringify(error)).not.toContain("secret in a message");
});

test("those that are not closed in time are named, and what waited for them is closed all the same", async () => {
  const never = new Promise<void>(() => undefined);
  const { journal, members } = journalMembers({ a: {}, b: { needs: ["a"], close: () => never }, c: {} });
  const clock = new VirtualClock();
  const closed = failureOf(closeAll(members.values(), { clock, timeoutMs: 1_000 }), isServiceStopError);
  await clock.advance(999);
  expect(journal).toEqual(["close c", "close b"]);
  await clock.advance(1);
  const error = await closed;
  expect(error.services).toEqual(["b", "a"]);
  expect(error.errors).toMatchObject([
    { code: "timeout-close", limitMs: 1_000, service: "b" },
    { code: "timeout-close", service: "a" },
  ]);
  expect(journal).toEqual(["close c", "close b", "close a"]);
  expect(clock.timers).toBe(0);
});

test("closing a hundred members asks each for its needs as often as closing ten", async () => {
  const asked = async (count: number): Promise<number> => {
    let times = 0;
    const members = Array.from({ length: count }, (_, index) => ({
      name: `m${index}`,
      isLate: false,
      service: undefined,
      get needs() {
        times += 1;
        return index === 0 ? [] : [`m${index - 1}`];
      },
      open: () => Promise.resolve(),
      close: () => Promise.resolve(),
    }));
    await closeAll(members, { clock: new VirtualClock(), timeoutMs: 10 });
    return times / count;
  };
  expect(await asked(100)).toBe(await asked(10));
});
