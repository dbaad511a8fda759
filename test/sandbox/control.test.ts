import { afterEach, beforeEach, expect, test } from "vitest";
import { type Bench, startBench } from "./bench.ts";

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const servers = ["gateway", "notifications", "feed"] as const;
const ownUrl = (server: (typeof servers)[number]): string => bench.sandbox[server].url.replace("ws:", "http:");

test.each(servers)("%s has one list of faults, on its own port and on the control server", async (server) => {
  const ordered = await bench.send(`${ownUrl(server)}/__faults`, { method: "POST", body: { kind: "latency", ms: 1 } });
  const listed = { id: 1, kind: "latency", ms: 1, ratio: 1, struck: 0, active: true };

  expect(ordered).toMatchObject({ status: 201, body: listed });
  expect(await bench.faults(server)).toEqual([listed]);
  expect((await bench.send(`${ownUrl(server)}/__faults`, { method: "DELETE" })).status).toBe(204);
  expect(await bench.faults(server)).toEqual([]);
});

test.each(servers)("%s answers a bad fault with 400 and what is allowed", async (server) => {
  const reply = await bench.order(server, { kind: "nonsense" });

  expect(reply.status).toBe(400);
  expect(reply.body["detail"]).toMatch(/^"kind" must be one of: latency, /);
  expect(await bench.faults(server)).toEqual([]);
});

test("no fault strikes the control surface", async () => {
  await bench.order("gateway", { kind: "error" });

  expect((await bench.send(`${bench.sandbox.gateway.url}/__ledger`)).status).toBe(200);
  expect(await bench.faults("gateway")).toMatchObject([{ struck: 0 }]);
});

test("a fault may be sent as curl -d sends it", async () => {
  const reply = await bench.send(`${bench.sandbox.gateway.url}/__faults`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: { kind: "latency", ms: 1 },
  });

  expect(reply.status).toBe(201);
});
