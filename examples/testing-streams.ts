/**
 * Tests of a stream and of its service's outages, with what `hawser/testing` has for them. A suite of `node:test`: run it
 * with `node --test`. It needs no sandbox.
 */
import { deepEqual, equal, rejects } from "node:assert/strict";
import { test } from "node:test";
import { defineServices, json, RESTService, rest, silentLogger, WebSocketService } from "hawser";
import { faultProxy, fakeSockets, script, scriptedServer, seededRandom, VirtualClock } from "hawser/testing";
import { withServices } from "hawser/testing/node";
import { z } from "zod";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const Tick = z.object({ symbol: z.string(), price: z.number() });
type Tick = z.infer<typeof Tick>;

class PriceFeed extends WebSocketService<Tick> {
  readonly prices = new Map<string, number>();

  protected override async onConnect() {
    await this.sendJson({ action: "subscribe", channels: ["prices"] });
  }

  protected override onMessage({ symbol, price }: Tick) {
    this.prices.set(symbol, price);
  }
}

const common = { name: "feed", codec: json(Tick), logger: silentLogger };

void test("prices go on after an outage of ten minutes", async () => {
  using clock = new VirtualClock();
  using far = fakeSockets();
  const feed = new PriceFeed({
    ...common,
    baseUrl: "wss://feed.example",
    transport: far.transport,
    clock,
    random: seededRandom(1),
  });

  const connecting = feed.connect();
  const socket = await far.next();
  socket.accept();
  deepEqual(await socket.nextJson(), { action: "subscribe", channels: ["prices"] });
  await connecting;

  socket.send({ symbol: "EURUSD", price: 1.1 });
  socket.cut();
  far.down();
  await clock.advance(600_000);
  equal(feed.state.name, "reconnecting");

  far.up();
  while (far.sockets.length < 2) await clock.advanceToNext();
  const again = (await far.next()).accept();
  again.send({ symbol: "EURUSD", price: 1.2 });
  await clock.advance(0);
  equal(feed.prices.get("EURUSD"), 1.2);
  await feed.close();
});

void test("a service that falls silent is found within 25 s", async () => {
  using clock = new VirtualClock();
  using far = fakeSockets({ onSocket: (socket) => void socket.accept() });
  await using feed = new PriceFeed({
    ...common,
    baseUrl: "wss://feed.example",
    transport: far.transport,
    clock,
    pingIntervalMs: 20_000,
    pingTimeoutMs: 5_000,
  });
  await feed.connect();
  far.sockets[0]?.silence();
  await clock.advance(25_000);
  equal(feed.state.name, "reconnecting");
});

void test("the feed subscribes again on each connection", async () => {
  await using server = await scriptedServer([
    script()
      .expect({ action: "subscribe", channels: ["prices"] })
      .push({ symbol: "EURUSD", price: 1.1 })
      .cut(),
    script()
      .expect({ action: "subscribe", channels: ["prices"] })
      .delay(5)
      .push({ symbol: "EURUSD", price: 1.2 })
      .expectClose(1000),
  ]);
  const feed = new PriceFeed({ ...common, baseUrl: server.url, reconnect: { baseDelayMs: 10 } });
  await feed.connect();
  await feed.once(({ price }) => price === 1.2);
  await feed.close();
});

class PaymentGatewayClient extends RESTService {
  async createPayment(amount: number): Promise<string> {
    const answer = await this.post("/payments", { json: { amount } });
    return (answer.json() as { readonly id: string }).id;
  }
}

void test("a call that is stalled ends by its limit, and the next one is well", async () => {
  await using upstream = createServer((_request, response) => response.end('{"ok":true}'));
  await new Promise<void>((listening) => upstream.listen(0, "127.0.0.1", listening));
  await using proxy = await faultProxy({
    target: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    latencyMs: 5,
  });
  await using gateway = new PaymentGatewayClient({
    name: "gateway",
    baseUrl: proxy.url,
    retry: false,
    logger: silentLogger,
  });
  await gateway.connect();
  {
    await using _ = proxy.with({ toClient: { stall: true } });
    await rejects(gateway.getJson("/payments", { deadlineMs: 100 }), { code: "timeout-deadline" });
  }
  deepEqual(await gateway.getJson("/payments"), { ok: true });
  await proxy.down();
  await rejects(gateway.getJson("/payments"), { name: "ServiceConnectionError" });
});

const services = defineServices({ paymentGateway: rest(PaymentGatewayClient) });
const payments = services.provider("paymentGateway");

void test(
  "an order is paid for",
  withServices(services, { paymentGateway: { createPayment: async () => "pay_1" } }, async (_t, { override }) => {
    equal(await payments().createPayment(7), "pay_1");
    override({ paymentGateway: { createPayment: async () => "pay_2" } });
    equal(await payments().createPayment(7), "pay_2");
  }),
);
