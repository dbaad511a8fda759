import { expect, test } from "vitest";
import { Pings } from "../../../src/websocket/connection/pings.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

function setUp() {
  const clock = new VirtualClock();
  const sent: string[] = [];
  return { clock, sent, pings: new Pings(clock), socket: { ping: (payload: string) => void sent.push(payload) } };
}

test("a pong tells the round-trip time of its own ping", () => {
  const { clock, sent, pings, socket } = setUp();
  const answers: unknown[] = [];
  pings.send(socket, (rttMs) => answers.push(rttMs));
  clock.jump(30);
  pings.pong(sent[0] ?? "");
  expect([answers, pings.rttMs]).toEqual([[30], 30]);
});

test("a pong answers the earlier pings too", () => {
  const { clock, sent, pings, socket } = setUp();
  const answers: unknown[] = [];
  pings.send(socket, (rttMs) => answers.push(rttMs));
  clock.jump(10);
  pings.send(socket);
  clock.jump(5);
  pings.pong(sent[1] ?? "");
  expect([answers, pings.rttMs]).toEqual([[15], 5]);
});

test("a pong that nobody asked for is ignored", () => {
  const { pings, socket } = setUp();
  pings.send(socket);
  pings.pong("something else");
  expect(pings.rttMs).toBeUndefined();
});

test("when the connection is gone, and when too many are open, the waiting ones hear that no pong will come", () => {
  const { pings, socket } = setUp();
  const answers: unknown[] = [];
  pings.send(socket, (rttMs) => answers.push(rttMs));
  for (let i = 0; i < 32; i++) pings.send(socket);
  expect(answers).toEqual([undefined]);
  pings.send(socket, (rttMs) => answers.push(rttMs));
  pings.clear();
  expect(answers).toEqual([undefined, undefined]);
});

test("each pong is one sample of its own ping, however many it answers", () => {
  const { clock, sent, pings, socket } = setUp();
  expect(pings.rtt).toBeUndefined();
  pings.send(socket);
  clock.jump(1_000);
  pings.send(socket);
  clock.jump(5);
  pings.pong(sent[1] ?? "");
  pings.send(socket);
  clock.jump(9);
  pings.pong(sent[2] ?? "");
  expect(pings.rtt).toMatchObject({ samples: 2, minMs: 5, p50Ms: 5, p99Ms: 9, lastMs: 9 });
});
