import { defineServices, json, rest, silentLogger, ws } from "hawser";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import { Interruption } from "../../../src/cli/context.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { refusingUrl } from "../../support/http-server.ts";
import { startPeer } from "../../websocket/peer.ts";
import { run, withFile } from "../command-under-test.ts";

const quiet = { env: {}, logger: silentLogger };

/** Sends these again and again, for as long as the connection lasts: whenever somebody listens, they come. */
const repeat =
  (...messages: readonly (string | Uint8Array)[]) =>
  (socket: WebSocket): void => {
    let number = 0;
    const next = (): void => {
      if (socket.readyState !== socket.OPEN) return;
      socket.send(messages[number++ % messages.length] ?? "");
      setImmediate(next);
    };
    next();
  };

test("prints --count messages as lines, and ends with 0 and a closed stream", async () => {
  await using peer = await startPeer({ onConnection: repeat("one\ntwo\u001B[2J") });
  const services = defineServices({ prices: ws({ baseUrl: peer.url }) }, quiet);
  const ran = await run(withFile("tail", "prices", "--count", "2"), { exported: { services } });
  expect(ran).toEqual({ exitCode: 0, stdout: "one\\ntwo\\x1b[2J\none\\ntwo\\x1b[2J\n", told: [] });
  expect(() => services.get("prices")).toThrow("the registry was stopped");
});

test("what a service says at once to whoever connects is printed, too, however long the others take to start", async () => {
  await using peer = await startPeer({ onConnection: (socket) => socket.send("hello") });
  const services = defineServices({ prices: ws({ baseUrl: peer.url }), others: ws({ baseUrl: peer.url }) }, quiet);
  const ran = await run(withFile("tail", "prices", "-n", "1"), { exported: { services } });
  expect(ran).toEqual({ exitCode: 0, stdout: "hello\n", told: [] });
});

test("other services are left alone: neither their settings nor what is down ends it", async () => {
  await using peer = await startPeer({ onConnection: (socket) => socket.send("hello") });
  const down = ws({ baseUrl: (await refusingUrl()).replace("http", "ws"), startTimeoutMs: 50 });
  const services = defineServices({ prices: ws({ baseUrl: peer.url }), down, mail: rest() }, quiet);
  const ran = await run(withFile("tail", "prices", "-n", "1"), { exported: { services } });
  expect(ran).toEqual({ exitCode: 0, stdout: "hello\n", told: [] });
});

test("--json prints each as one line of JSON", async () => {
  await using peer = await startPeer({ onConnection: repeat('{"a":\n1}') });
  const services = defineServices({ prices: ws({ baseUrl: peer.url, codec: json() }) }, quiet);
  const ran = await run(withFile("tail", "prices", "-n", "1", "--json"), { exported: { services } });
  expect(ran.stdout).toBe('{"a":1}\n');
});

test("Ctrl-C ends it with 130", async () => {
  const ending = new AbortController();
  await using peer = await startPeer({ onConnection: repeat("tick") });
  const services = defineServices({ prices: ws({ baseUrl: peer.url }) }, quiet);
  const ran = await run(withFile("tail", "prices"), {
    exported: { services },
    signal: ending.signal,
    onOutput: () => ending.abort(new Interruption("SIGINT")),
  });
  expect(ran).toMatchObject({ exitCode: 130, told: [] });
  expect(ran.stdout).toMatch(/^tick\n/);
});

test("--timeout ends a stream that says nothing with 1", async () => {
  await using peer = await startPeer();
  const services = defineServices({ prices: ws({ baseUrl: peer.url }) }, quiet);
  const ran = await run(withFile("tail", "prices", "-t", "50ms"), { exported: { services }, clock: systemClock });
  expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
  expect(ran.told).toEqual(["hawser: tail prices did not end within 50 ms: --timeout gives it more"]);
});

test("a connection that is lost is told, and the tail goes on with the next", async () => {
  await using peer = await startPeer({
    onConnection: (socket, number) => {
      repeat(`from ${number}`)(socket);
    },
  });
  const services = defineServices({ prices: ws({ baseUrl: peer.url, reconnect: { baseDelayMs: 1 } }) }, quiet);
  let isCut = false;
  const ran = await run(withFile("tail", "prices", "-n", "100000", "-t", "30s"), {
    exported: { services },
    clock: systemClock,
    onOutput: (text) => {
      if (!isCut) peer.connections[0]?.terminate();
      isCut = true;
      if (text === "from 2\n") throw new Interruption("SIGTERM");
    },
  });
  expect(ran.exitCode).toBe(143);
  expect(ran.told).toEqual([
    expect.stringMatching(/^prices: reconnecting \(connection-\w+\), next attempt in \d+ ms$/),
    "prices: open",
  ]);
});

test("a stream that has failed for good ends with 1 and its error", async () => {
  await using peer = await startPeer({
    onConnection: (socket) => {
      socket.on("message", () => socket.close(1008, "no"));
    },
  });
  const services = defineServices({ prices: ws({ baseUrl: peer.url }) }, quiet);
  const running = run(withFile("tail", "prices"), { exported: { services } });
  while (peer.connections.length === 0) await new Promise<void>((done) => setImmediate(done));
  while (!services.has("prices") || [...services.entries()].length === 0)
    await new Promise<void>((done) => setImmediate(done));
  await services.get("prices").send("end");
  const ran = await running;
  expect(ran.exitCode).toBe(1);
  expect(ran.told.at(-1)).toMatch(/^hawser: prices: .*1008/);
});

test.each([true, false])("a stream that cannot be opened ends with 1 and its error (late: %s)", async (late) => {
  const options = { baseUrl: (await refusingUrl()).replace("http", "ws"), startTimeoutMs: 50, late };
  const ran = await run(withFile("tail", "down"), {
    exported: { services: defineServices({ down: ws(options) }, quiet) },
  });
  expect(ran).toMatchObject({ exitCode: 1, told: [expect.stringMatching(/^hawser: down: .*ECONNREFUSED/)] });
});

test("a REST service is no stream", async () => {
  const services = defineServices({ users: rest({ baseUrl: "http://127.0.0.1:9" }) }, quiet);
  const ran = await run(withFile("tail", "users"), { exported: { services } });
  expect(ran.exitCode).toBe(2);
  expect(ran.told).toEqual(["hawser: users is a REST service, and no stream: hawser call users GET /"]);
});

test.each([
  ["--count", "0", "It must be a whole number of at least 1"],
  ["--count", "many", "It must be a whole number of at least 1"],
  ["--timeout", "-1", "It must be a duration of at least 1 ms"],
])("%s %s is refused", async (option, value, problem) => {
  const ran = await run(withFile("tail", "users", option, value));
  expect(ran).toMatchObject({ exitCode: 2, told: [expect.stringContaining(problem)] });
});
