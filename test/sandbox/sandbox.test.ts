import { expect, test } from "vitest";
import { startSandbox } from "../../sandbox/sandbox.ts";
import { dial, eventually, failureOf, openStream, startBench } from "./bench.ts";

test("closing waits for nothing: every socket ends, whatever it was told to do, and twice is once", async () => {
  await using bench = await startBench();
  const { sandbox } = bench;
  await bench.order("gateway", { kind: "stalled-body", times: 1 });
  await bench.order("gateway", { kind: "latency", ms: 3_600_000 });
  await bench.order("notifications", { kind: "refused", forMs: 3_600_000 });
  const idle = await dial(sandbox.gateway.url);
  const slow = bench.pay("k").catch((error: unknown) => error);
  const held = await openStream(sandbox);
  await bench.order("feed", { kind: "black-hole", alsoNew: true });
  const waiting = openStream(sandbox).catch((error: unknown) => error);
  await eventually(async () => (await bench.ledger()).charges.length).toBe(1);
  await eventually(async () => (await bench.feed()).handshakes).toBe(2);

  await Promise.all([sandbox.close(), sandbox.close()]);

  expect(await idle.ended).toBe("ECONNRESET");
  expect(await slow).toBeInstanceOf(Error);
  expect(await waiting).toBeInstanceOf(Error);
  expect((await held.closed).code).toBe(1006);
  for (const { url } of [sandbox.gateway, sandbox.notifications, sandbox.feed]) {
    expect(await failureOf(dial(url))).toBe("ECONNREFUSED");
  }
});

test("keys are as told, and what is undefined counts as not given", async () => {
  await using sandbox = await startSandbox({ apiKeys: { gateway: "g", feed: undefined }, gatewayPort: undefined });

  expect(sandbox.gateway.apiKey).toBe("g");
  expect(sandbox.feed.apiKey).toBe("sandbox-feed-key");
  expect(sandbox.gateway.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(sandbox.feed.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
});

test("two sandboxes that want the same ports get different ones", async () => {
  await using first = await startSandbox();
  const gatewayPort = Number(new URL(first.gateway.url).port);

  await using second = await startSandbox({ gatewayPort });

  expect(Number(new URL(second.gateway.url).port)).toBeGreaterThan(gatewayPort);
});

test("a start that fails leaves no server behind", async () => {
  await expect(startSandbox({ controlPort: -1 })).rejects.toThrow(RangeError);
});
