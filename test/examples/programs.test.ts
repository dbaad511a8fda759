import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";

// Each example is run as a user runs it: a program of its own, on the built package, with settings in its environment.
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ tickIntervalMs: 20 });
});

afterAll(async () => {
  await sandbox.close();
});

async function run(example: string): Promise<string[]> {
  const { gateway, notifications, feed, tokens } = sandbox;
  const { stdout } = await promisify(execFile)(process.execPath, [`examples/${example}`], {
    cwd: new URL("../../", import.meta.url),
    timeout: 50_000,
    env: {
      PAYMENT_GATEWAY_URL: gateway.url,
      PAYMENT_GATEWAY_API_KEY: gateway.apiKey,
      PAYMENT_GATEWAY_TIMEOUT: "10",
      NOTIFICATION_SERVICE_URL: notifications.url,
      NOTIFICATION_SERVICE_API_KEY: notifications.apiKey,
      REALTIME_WS_URL: feed.url,
      REALTIME_WS_KEY: feed.apiKey,
      REALTIME_WS_PING_INTERVAL: "20",
      OAUTH_TOKEN_URL: tokens.url,
      OAUTH_CLIENT_ID: tokens.clientId,
      OAUTH_CLIENT_SECRET: tokens.clientSecret,
    },
  });
  return stdout.trimEnd().split("\n");
}

test("quick-start makes a payment", async () => {
  expect(await run("quick-start.ts")).toEqual([expect.stringMatching(/^pay_\d+: 12.5 EUR$/)]);
});

test("rest-client creates a payment, finds it, and finds no other", async () => {
  expect(await run("rest-client.ts")).toEqual(["201 200 404"]);
});

test("oauth2-client makes ten payments with one access token", async () => {
  expect(await run("oauth2-client.ts")).toEqual(["201 201 201 201 201 201 201 201 201 201"]);
  const report = (await (await fetch(`${sandbox.tokens.controlUrl}/__tokens`)).json()) as { requests: number };
  expect(report.requests).toBe(1);
});

test("websocket-client hears its messages and disconnects", async () => {
  expect(await run("websocket-client.ts")).toEqual(["heard 10 ticks, the stream is open", "disconnected"]);
});

test("market-feed misses no tick and hears none twice, over rotations and a restart", async () => {
  expect(await run("market-feed.ts")).toEqual([
    "closed with 0 ticks unhandled and 0 gaps",
    "closed with 0 ticks unhandled and 0 gaps",
    "over four connections and a restart: 0 missed, 0 twice",
  ]);
});

test("json-rpc-stream is refused a call, and misses no block when its node cuts the connection", async () => {
  expect(await run("json-rpc-stream.ts")).toEqual(["refused: -32601, rejected", "20 blocks, 0 missed, 1 reconnect"]);
});

test("background-task answers, and notifies all the same", async () => {
  const [line = ""] = await run("background-task.ts");
  const [, id] = /^answered 201, notified (pay_\d+)$/.exec(line) ?? [];
  const sent = (await (await fetch(`${sandbox.notifications.controlUrl}/__sent`)).json()) as {
    sent: readonly { paymentId: string }[];
  };
  expect(sent.sent.map(({ paymentId }) => paymentId)).toContain(id);
});

test("custom-message-handler raises its alert", async () => {
  expect(await run("custom-message-handler.ts")).toEqual([expect.stringMatching(/^alert: \w.* above 0$/)]);
});

test("settings-and-lifespan refuses wrong settings, starts, checks and stops", async () => {
  expect(await run("settings-and-lifespan.ts")).toEqual([
    "refused with 3 problems",
    "started: paymentGateway, realtimeWs, ledger; health pass",
    "stopped",
  ]);
});

test("resilience prints the pipeline with its own numbers, and why a call was not retried", async () => {
  const lines = await run("resilience.ts");
  expect(lines[0]).toMatch(/^paymentGateway {2}http:.*\/v1$/);
  expect(lines).toContainEqual(expect.stringContaining("retry.maxRetries 2  (definition)"));
  expect(lines.slice(-4)).toEqual([
    "paymentGateway: GET /v1/payments/{id} failed",
    expect.stringMatching(
      /^ {2}attempt 1(?:, after a wait of \d+ ms)?: status 404 after \d+ ms in phase body; the service refused it$/,
    ),
    "  not tried again: the same attempt would end the same way",
    "  made again as it is, it would fail again",
  ]);
});

test("lab shows what an outage does to two settings", async () => {
  expect(await run("lab.ts")).toEqual([
    expect.stringMatching(/^one retry: \d+ % succeed, 0\.\d attempts per call in the fault$/),
    expect.stringMatching(/^five retries and nothing else: \d+ % succeed, \d\.\d attempts per call in the fault$/),
  ]);
});

test("testing passes, with a recording that was made of the gateway", async () => {
  const lines = (await run("testing.test.ts")).join("\n");
  expect(lines).toMatch(/pass 6\b/);
  expect(lines).toMatch(/fail 0\b/);
});

test("testing-streams is a suite that passes", async () => {
  const lines = await run("testing-streams.ts");
  expect(lines).toContainEqual(expect.stringMatching(/^. pass 5$/));
  expect(lines).toContainEqual(expect.stringMatching(/^. fail 0$/));
});
