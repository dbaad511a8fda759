import { describe, expect, test } from "vitest";
import { thrownBy, until } from "../../websocket/peer.ts";
import { Nats } from "./nats.ts";
import { NatsReader } from "./nats-protocol.ts";
import { findProgram, freePort, Program } from "./program.ts";

const command = findProgram("nats-server");
const isMissing = command === undefined;

/** A server of its own, which asks its clients for life every second. */
async function startNats(): Promise<AsyncDisposable & { readonly url: string; readonly server: Program }> {
  const [port, plainPort] = [await freePort(), await freePort()];
  const config = `
listen: "127.0.0.1:${plainPort}"
ping_interval: "1s"
ping_max: 2
authorization { token: "s3cret" }
websocket { listen: "127.0.0.1:${port}", no_tls: true }
`;
  const server = await Program.start({
    command: command ?? "",
    args: (directory) => ["-c", `${directory}/nats.conf`],
    files: () => ({ "nats.conf": config }),
    port,
  });
  return { url: `ws://127.0.0.1:${port}`, server, [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose]() };
}

describe("with nats-server", () => {
  test.skipIf(isMissing)("what is published is heard, in order, and only under its subject", async () => {
    await using on = await startNats();
    await using listener = new Nats(on.url, { token: "s3cret", name: "listener" });
    await using publisher = new Nats(on.url, { token: "s3cret", name: "publisher" });
    await Promise.all([listener.connect(), publisher.connect()]);
    const heard: string[] = [];
    await listener.listen("orders.*", ({ subject, payload }) => heard.push(`${subject} ${payload}`));
    const wanted = Array.from({ length: 500 }, (_, index) => `orders.new ${index} €`);

    await publisher.publish("weather.today", "rain");
    await Promise.all(wanted.map(async (one) => publisher.publish("orders.new", one.slice("orders.new ".length))));
    await publisher.flush();
    await until(() => heard.length >= 500);

    expect(heard).toEqual(wanted);
    expect([...listener.errors, ...publisher.errors]).toEqual([]);
    expect(listener.infos).toHaveLength(1);
  });

  test.skipIf(isMissing)("a subscription is there again after the server was restarted", async () => {
    await using on = await startNats();
    await using listener = new Nats(on.url, { token: "s3cret", name: "listener" });
    await using publisher = new Nats(on.url, { token: "s3cret", name: "publisher" });
    await Promise.all([listener.connect(), publisher.connect()]);
    const heard: string[] = [];
    await listener.listen("a", ({ payload }) => heard.push(payload));
    await listener.listen("b.>", ({ payload }) => heard.push(payload));

    for (const [signal, restarts] of [
      ["SIGTERM", 1],
      ["SIGKILL", 2],
    ] as const) {
      await on.server.restart(signal);
      await until(() => listener.infos.length > restarts && listener.state.name === "open");
      await listener.flush();
      await publisher.publish("a", `a${restarts}`);
      await publisher.publish("b.c.d", `b${restarts}`);
      await until(() => heard.length >= 2 * restarts);
    }

    expect(heard).toEqual(["a1", "b1", "a2", "b2"]);
    expect(new Set(listener.infos).size).toBe(3);
  });

  test.skipIf(isMissing)("the server's own pings are answered, so that it keeps the connection", async () => {
    await using on = await startNats();
    await using nats = new Nats(on.url, { token: "s3cret" });
    await nats.connect();
    // Two that are not answered are the end.
    await until(() => nats.serverPings >= 5);
    await nats.flush();

    expect(nats.infos).toHaveLength(1);
    expect(nats.errors).toEqual([]);
  });

  test.skipIf(isMissing)("what the server says of a wrong token is what onConnect fails with", async () => {
    await using on = await startNats();
    await using nats = new Nats(on.url, { token: "wrong" });
    const connecting = thrownBy(nats.connect());
    await until(() => nats.errors.length > 0);
    await nats.close();

    expect(nats.errors[0]).toBe("Error: the server refuses: -ERR 'Authorization Violation'");
    expect(await connecting).toMatchObject({ code: "unavailable-draining" });
  });
});

describe("the reader of the NATS protocol", () => {
  const said =
    'INFO {"server_id":"x","version":"2"}\r\nPING\r\nMSG a.b 7 4\r\nab\r\n\r\nMSG c 1 reply 0\r\n\r\n-ERR \'No\'\r\n';

  test.each([1, 2, 7, 1000])("reads operations that come in pieces of %i octets", (octets) => {
    const reader = new NatsReader();
    const operations = [];
    for (let at = 0; at < said.length; at += octets) operations.push(...reader.push(said.slice(at, at + octets)));

    expect(operations).toEqual([
      { op: "INFO", info: { server_id: "x", version: "2" } },
      { op: "PING" },
      { op: "MSG", subject: "a.b", subscription: "7", payload: "ab\r\n" },
      { op: "MSG", subject: "c", subscription: "1", payload: "" },
      { op: "-ERR", reason: "No" },
    ]);
  });

  test("refuses what is not the protocol", () => {
    expect(() => new NatsReader().push("HTTP/1.1 200 OK\r\n")).toThrow("does not say HTTP/1.1");
  });
});
