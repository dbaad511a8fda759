import { expect, test } from "vitest";
import { Receipt } from "../../../src/websocket/receive/receipt.ts";

test("it tells once, when all who took the message and the one who hands it round are done", () => {
  let times = 0;
  const receipt = new Receipt(() => void times++);
  receipt.take();
  receipt.done();
  receipt.take();
  receipt.done();
  expect(times).toBe(0);
  receipt.done();
  expect(times).toBe(1);
});
