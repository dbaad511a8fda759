import { expect, test } from "vitest";
import { Pressure } from "../../../src/websocket/receive/pressure.ts";

test("it is full when one lane is, and relieved when none is above half any more", () => {
  const told: string[] = [];
  const pressure = new Pressure({ onFull: () => void told.push("full"), onRelief: () => void told.push("relief") });
  pressure.rise();
  pressure.rise();
  pressure.reach();
  pressure.reach();
  expect([told, pressure.isFull]).toEqual([["full"], true]);
  pressure.fall();
  expect(pressure.isFull).toBe(true);
  pressure.fall();
  expect([told, pressure.isFull]).toEqual([["full", "relief"], false]);
});

test("lanes that are above half and never full tell nothing", () => {
  const told: string[] = [];
  const pressure = new Pressure({ onFull: () => void told.push("full"), onRelief: () => void told.push("relief") });
  pressure.rise();
  pressure.fall();
  expect(told).toEqual([]);
});
