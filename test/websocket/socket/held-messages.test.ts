import { expect, test } from "vitest";
import { HeldMessages } from "../../../src/websocket/socket/held-messages.ts";

function hold(...texts: readonly string[]) {
  const held = new HeldMessages();
  for (const text of texts) held.push(text, text.length);
  return held;
}

test("nothing is told before it is resumed; then all, in order, with their sizes", () => {
  const held = hold("a", "bb");
  const told: unknown[] = [];
  const teller = { message: (data: string | Uint8Array, bytes: number) => void told.push([data, bytes]) };
  expect(held.tell(teller)).toBe(false);
  expect(told).toEqual([]);
  held.resume();
  expect(held.tell(teller)).toBe(true);
  expect(told).toEqual([
    ["a", 1],
    ["bb", 2],
  ]);
});

test("a pause from within the telling stops it at once; the rest comes after the next resume", () => {
  const held = hold("a", "b", "c");
  const told: unknown[] = [];
  const teller = {
    message: (data: string | Uint8Array) => {
      told.push(data);
      held.pause();
    },
  };
  for (const expected of [["a"], ["a", "b"], ["a", "b", "c"]]) {
    held.resume();
    expect(held.tell(teller)).toBe(false);
    expect(told).toEqual(expected);
  }
});

test("at the end all are told, whatever the pause says", () => {
  const held = hold("a", "b");
  const told: unknown[] = [];
  held.tellAll({
    message: (data) => {
      told.push(data);
      held.pause();
    },
  });
  expect(told).toEqual(["a", "b"]);
});

test("what is cleared from within the telling is not told", () => {
  const held = hold("a", "b");
  const told: unknown[] = [];
  held.tellAll({
    message: (data) => {
      told.push(data);
      held.clear();
    },
  });
  expect(told).toEqual(["a"]);
});
