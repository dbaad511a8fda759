import { expect, test } from "vitest";
import type { Sink } from "../../../src/websocket/send/outgoing.ts";
import { preparedSink, prepareWithin } from "../../../src/websocket/send/scope.ts";

const socket = (): Sink => ({ isWritable: true, unsentBytes: 0, send: () => undefined });

test("what prepares a connection knows it, through every await, and nobody else does", async () => {
  const [owner, sink] = [{}, socket()];
  const seen: unknown[] = [];
  const work = prepareWithin(owner, sink, async () => {
    await Promise.resolve();
    seen.push(preparedSink(owner) === sink, preparedSink({}));
  });
  expect(preparedSink(owner)).toBe(undefined);
  await work;
  expect(seen).toEqual([true, undefined]);
});

test("what is left behind when it is prepared, or has failed, sends like any other", async () => {
  for (const isFailing of [false, true]) {
    const owner = {};
    let later: () => unknown = () => "not set";
    const work = prepareWithin(owner, socket(), async () => {
      const gate = Promise.withResolvers<void>();
      const left = gate.promise.then(() => preparedSink(owner));
      later = () => (gate.resolve(), left);
      if (isFailing) throw new Error("no");
    });
    await work.catch(() => undefined);
    expect(await later()).toBe(undefined);
  }
});

test("two streams that prepare at once do not take each other's connection", async () => {
  const [first, second] = [{}, {}];
  const [one, two] = [socket(), socket()];
  await prepareWithin(first, one, async () => {
    await prepareWithin(second, two, async () => {
      expect([preparedSink(first), preparedSink(second) === two]).toEqual([undefined, true]);
    });
    expect(preparedSink(first) === one).toBe(true);
  });
});
