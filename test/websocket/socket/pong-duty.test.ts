import { expect, test } from "vitest";
import { PongDuty } from "../../../src/websocket/socket/pong-duty.ts";

function duty() {
  const out: { readonly payload: string; readonly sent: () => void }[] = [];
  const pongs = new PongDuty((payload, sent) => void out.push({ payload: Buffer.from(payload).toString(), sent }));
  const payloads = () => out.map(({ payload }) => payload);
  return { out, payloads, ping: (text: string) => pongs.ping(Buffer.from(text)), end: () => pongs.end() };
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

test("pings are answered at once, each in its turn", () => {
  const { payloads, ping } = duty();
  for (const text of numbers(16)) ping(text);
  expect(payloads()).toEqual(numbers(16));
});

test("while 16 pongs are not yet with the kernel no other is added, and then the newest goes", () => {
  const { out, payloads, ping } = duty();
  for (const text of numbers(1_000)) ping(text);
  expect(payloads()).toEqual(numbers(16));
  out[0]?.sent();
  expect(payloads()).toEqual([...numbers(16), "999"]);
  out[1]?.sent();
  expect(out).toHaveLength(17);
  ping("a");
  ping("b");
  expect(payloads().slice(16)).toEqual(["999", "a"]);
  out[2]?.sent();
  expect(payloads().slice(16)).toEqual(["999", "a", "b"]);
});

test("after the end nothing is answered", () => {
  const { out, payloads, ping, end } = duty();
  for (const text of numbers(20)) ping(text);
  end();
  for (const { sent } of Array.from(out)) sent();
  ping("a");
  expect(payloads()).toEqual(numbers(16));
});
