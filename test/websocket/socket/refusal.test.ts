import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { readRefusal } from "../../../src/websocket/socket/refusal.ts";
import type { SocketEnd } from "../../../src/websocket/socket/stream-socket.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { until } from "../peer.ts";

function refuse() {
  const clock = new VirtualClock();
  const body = new PassThrough();
  const told: SocketEnd[] = [];
  const response = Object.assign(body, { statusCode: 503, headers: { "retry-after": "7" } });
  const stop = readRefusal(response as unknown as IncomingMessage, clock, (end) => void told.push(end));
  return { clock, body, told, stop };
}

const facts = { kind: "refused", status: 503, headers: { "retry-after": "7" } };

test("a body that ends is told whole, once", async () => {
  const { clock, body, told } = refuse();
  body.write("no ");
  body.end("way");
  await until(() => told.length > 0);
  await clock.advance(10_000);
  expect(told).toEqual([{ ...facts, body: "no way" }]);
});

test("a body without end is cut at 16 KiB, and waited for no longer", async () => {
  const { body, told } = refuse();
  for (let i = 0; i < 17; i++) body.write("x".repeat(1_000));
  await until(() => told.length > 0);
  expect(told).toEqual([{ ...facts, body: "x".repeat(16 * 1024) }]);
});

test("a body that does not come is waited for one second", async () => {
  const { clock, body, told } = refuse();
  body.write("part");
  await clock.advance(999);
  expect(told).toEqual([]);
  await clock.advance(1);
  expect(told).toEqual([{ ...facts, body: "part" }]);
});

test("a connection that breaks under the body tells what came, and an error after that ends nothing", async () => {
  const { body, told } = refuse();
  body.write("part");
  await until(() => body.readableLength === 0);
  body.emit("error", new Error("reset"));
  body.emit("error", new Error("again"));
  expect(told).toEqual([{ ...facts, body: "part" }]);
});

test("once it is given up nothing is told, and no timer is left", async () => {
  const { clock, body, told, stop } = refuse();
  stop();
  body.end("x".repeat(20_000));
  await clock.advance(10_000);
  expect(told).toEqual([]);
  expect(body.listenerCount("data")).toBe(0);
});
