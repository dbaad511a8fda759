import { createServer } from "node:http";
import { afterEach, expect, test } from "vitest";
import { type Listener, listen, urlOf } from "../../sandbox/listen.ts";
import { dial, eventually, failureOf, isReachable } from "./bench.ts";

const listeners: Listener[] = [];
const listenOn = async (port: number): Promise<Listener> => {
  const listener = await listen(port, () => createServer((_request, response) => response.end("ok")));
  listeners.push(listener);
  return listener;
};

afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

test("a port that is taken gives way to the next free one", async () => {
  const first = await listenOn(0);

  const second = await listenOn(first.port);
  const third = await listenOn(first.port);

  expect(second.port).toBeGreaterThan(first.port);
  expect(third.port).toBeGreaterThan(second.port);
  expect(third.port).toBeLessThan(first.port + 50);
});

test("shut, it resets open sockets and refuses new ones; released, the same port answers", async () => {
  const listener = await listenOn(0);
  const open = await dial(urlOf(listener));
  open.socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await eventually(() => open.chunks.join("")).toContain("ok");

  const { cut, release } = listener.shut();
  expect(cut).toBe(1);
  expect(await open.ended).toBe("ECONNRESET");
  expect(await failureOf(dial(urlOf(listener)))).toBe("ECONNREFUSED");

  release();
  await listener.opened();
  expect(await isReachable(urlOf(listener))).toBe(true);
});

test("shut twice, it opens when both have released it", async () => {
  const listener = await listenOn(0);
  const [first, second] = [listener.shut(), listener.shut()];

  first.release();
  await listener.opened();
  expect(await failureOf(dial(urlOf(listener)))).toBe("ECONNREFUSED");

  second.release();
  await listener.opened();
  expect(await isReachable(urlOf(listener))).toBe(true);
});

test("shut again while it opens, it stays shut", async () => {
  const listener = await listenOn(0);
  listener.shut().release();

  const again = listener.shut();
  await listener.opened();

  expect(await failureOf(dial(urlOf(listener)))).toBe("ECONNREFUSED");
  again.release();
  await listener.opened();
  expect(await isReachable(urlOf(listener))).toBe(true);
});

test("closed while shut or while it opens, it does not open any more", async () => {
  const listener = await listenOn(0);
  const { release } = listener.shut();
  release();

  await listener.close();

  expect(await failureOf(dial(urlOf(listener)))).toBe("ECONNREFUSED");
});
