import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { startPeer } from "../websocket/peer.ts";

const source = new URL("../../src/websocket/websocket-service.ts", import.meta.url).href;

/**
 * Runs a program with a stream named `feed` against the peer at `url`, to its own end. It reports what would keep it
 * alive after its last line.
 */
async function run(url: string, program: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const script = `
    const { WebSocketService } = await import(${JSON.stringify(source)});
    const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger };
    const turn = () => new Promise((done) => setImmediate(done));
    const until = async (condition) => { while (!condition()) await turn(); };
    class Feed extends WebSocketService {
      got = [];
      onMessage(message) { this.got.push(message); }
    }
    const options = {
      baseUrl: process.argv[1], logger, requestTimeoutMs: 600_000, sendTimeoutMs: 600_000, connectTimeoutMs: 600_000,
      startTimeoutMs: 600_000, handlerTimeoutMs: 600_000, pingIntervalMs: 600_000,
      reconnect: { baseDelayMs: 600_000, maxDelayMs: 600_000 },
      subscriptions: { subscribe: (keys) => keys.join(), confirmedBy: () => undefined },
    };
    const feed = new Feed(options);
    const quietly = (promise) => void promise.catch(() => undefined);
    ${program}
    for (let i = 0; i < 10; i++) await turn();
    // What is written to is a pipe.
    const left = process.getActiveResourcesInfo().filter((name) => name !== "PipeWrap" && name !== "Immediate");
    console.log("left: " + left.join());
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script, url], {
    stdio: ["ignore", "pipe", "pipe"],
    // What a failure would leave behind.
    timeout: 30_000,
  });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => output.push(chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output: output.join("") };
}

const busy = `
    feed.addMessageHandler(() => new Promise(() => undefined));
    const messages = feed.messages();
    quietly(messages.next());
    quietly(feed.once(() => false));
    await feed.connect();
    quietly(feed.subscribe("a"));
    quietly(feed.request({ method: "m" }));
    await until(() => feed.got.length === 1);`;

const outage = `
    await feed.connect();
    quietly(feed.send("drop me"));
    await until(() => feed.state.name === "reconnecting");
    quietly(feed.send("queued"));
    quietly(feed.request({ method: "m" }));`;

test.each([
  ["disconnect, though a handler hangs and all kinds of calls wait", `${busy} await feed.disconnect();`],
  ["drain, though it has to give up at its limit", `${busy} await feed.drain({ timeoutMs: 20 });`],
  ["drain that has nothing to wait for", "await feed.connect(); await feed.drain({ timeoutMs: 600_000 });"],
  ["drain in an outage", `${outage} await feed.drain({ timeoutMs: 20 });`],
  ["disconnect in an outage", `${outage} await feed.disconnect();`],
  [
    "disconnect from within a handler",
    `
    let closed;
    feed.addMessageHandler(() => (closed ??= feed.disconnect()));
    quietly(feed.connect());
    await until(() => closed !== undefined);
    await closed;`,
  ],
  [
    "close while the first connection is dialled",
    `
    quietly(feed.connect());
    await until(() => feed.state.name === "connecting");
    await feed.close();`,
  ],
  [
    "close while a new connection waits for the confirmation of a subscription",
    `
    quietly(feed.subscribe("a"));
    quietly(feed.connect());
    await until(() => feed.stats().messagesIn === 1);
    await feed.close();`,
  ],
  [
    "close before it was ever connected",
    `
    quietly(feed.once(() => true));
    quietly(feed.subscribe("a"));
    quietly(feed.messages().next());
    await feed.close();`,
  ],
  [
    "the stream fails for good, and nobody closes it",
    `
    await feed.connect();
    quietly(feed.request({ method: "m" }));
    await feed.send("fail me");
    await until(() => feed.state.name === "failed");`,
  ],
  [
    "connect() is rejected, and nobody closes it",
    `
    const other = new Feed({ ...options, baseUrl: "ws://127.0.0.1:1", reconnect: false });
    const error = await other.connect().catch((error) => error);
    if (error.code !== "connection-connect") throw error;`,
  ],
])("a process can exit at once after this: %s", { timeout: 60_000 }, async (_what, program) => {
  await using peer = await startPeer({
    onConnection: (ws) => {
      ws.send("hello");
      ws.on("message", (data: Buffer) => {
        if (data.toString() === "drop me") ws.terminate();
        if (data.toString() === "fail me") ws.close(1008);
      });
    },
  });
  expect(await run(peer.url, program)).toEqual({ code: 0, output: "left: \n" });
});
