import { expect, test } from "vitest";
import { PongDuty } from "../../src/websocket/pong-duty.ts";

function duty() {
  const out: { readonly payload: string; readonly sent: () => void }[] = [];
  const pongs = new PongDuty((payload, sent) => void out.push({ payload: Buffer.from(payload).toString(), sent }));
  return { out, ping: (text: string) => pongs.ping(Buffer.from(text)), end: () => pongs.end() };
}

const turn = () => new Promise<void>((done) => setImmediate(done));

test("of the pings of one turn, the newest is answered", async () => {
  const { out, ping } = duty();
  for (let i = 0; i < 1_000; i++) ping(String(i));
  expect(out).toEqual([]);
  await turn();
  expect(out.map(({ payload }) => payload)).toEqual(["999"]);
});

test("while a pong is not yet with the kernel no other is added, and then the newest goes", async () => {
  const { out, ping } = duty();
  ping("a");
  await turn();
  for (const text of ["b", "c", "d"]) {
    ping(text);
    await turn();
  }
  expect(out.map(({ payload }) => payload)).toEqual(["a"]);
  out[0]?.sent();
  await turn();
  expect(out.map(({ payload }) => payload)).toEqual(["a", "d"]);
  out[1]?.sent();
  await turn();
  expect(out).toHaveLength(2);
});

test("after the end nothing is answered", async () => {
  const { out, ping, end } = duty();
  ping("a");
  end();
  await turn();
  expect(out).toEqual([]);
});
