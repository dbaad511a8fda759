import { expect, test } from "vitest";
import { type Shareable, useRegistry } from "../../src/frameworks/shared-registry.ts";
import { reasonOf } from "../support/rest-client.ts";
import { settled } from "../support/virtual-clock.ts";

function registry(behaviour: Partial<Shareable> = {}): Shareable & { readonly calls: readonly string[] } {
  const calls: string[] = [];
  return {
    calls,
    start: async (options) => {
      calls.push("start");
      await behaviour.start?.(options);
    },
    stop: async () => {
      calls.push("stop");
      await behaviour.stop?.();
    },
  };
}

test("the last of those who use a registry stops it, once", async () => {
  const shared = registry();
  const [leaveOne, leaveTwo] = await Promise.all([useRegistry(shared, {}), useRegistry(shared, {})]);
  await leaveOne();
  await leaveOne();
  expect(shared.calls).toEqual(["start", "start"]);
  await Promise.all([leaveTwo(), leaveTwo()]);
  expect(shared.calls).toEqual(["start", "start", "stop"]);
});

test("whoever comes while it stops starts it again afterwards", async () => {
  const stopping = Promise.withResolvers<void>();
  const shared = registry({ stop: () => stopping.promise });
  const leave = await useRegistry(shared, {});
  const left = leave();
  const next = useRegistry(shared, {});
  await settled();
  expect(shared.calls).toEqual(["start", "stop"]);
  stopping.resolve();
  await left;
  await next;
  expect(shared.calls).toEqual(["start", "stop", "start"]);
});

test("a stop that fails is told to who left, and not to who comes", async () => {
  const own = new Error("mine");
  const stopping = Promise.withResolvers<void>();
  const shared = registry({ stop: () => stopping.promise });
  const leave = await useRegistry(shared, {});
  const left = reasonOf(leave());
  const next = useRegistry(shared, {});
  stopping.reject(own);
  expect(await left).toBe(own);
  expect(await next).toBeTypeOf("function");
});

test("a start that failed is no use of it", async () => {
  const own = new Error("mine");
  let isWrong = true;
  const shared = registry({
    start: async () => {
      if (isWrong) throw own;
    },
  });
  expect(await reasonOf(useRegistry(shared, {}))).toBe(own);
  isWrong = false;
  const leave = await useRegistry(shared, {});
  await leave();
  expect(shared.calls).toEqual(["start", "start", "stop"]);
});
