// Compiled and never run: a line that must not compile says so above itself, and the compiler checks that it does not.
import { expect, expectTypeOf } from "vitest";
import { json, RESTService, type StreamTransport, WebSocketService } from "../../src/index.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { withServices as withServicesOfNode } from "../../src/testing/fixtures/node.ts";
import { withServices } from "../../src/testing/fixtures/vitest.ts";
import {
  type FarSocket,
  fakeSockets,
  faultProxy,
  script,
  scriptedServer,
  seededRandom,
  VirtualClock,
} from "../../src/testing/index.ts";
import type { Clock, Random } from "../../src/core/clock.ts";

class PaymentGatewayClient extends RESTService {
  createPayment(amount: number): Promise<{ id: string; amount: number }> {
    return Promise.resolve({ id: "p", amount });
  }
}
class Feed extends WebSocketService {}
const services = defineServices({ paymentGateway: rest(PaymentGatewayClient) });
const payments = services.provider("paymentGateway");

{
  const test = withServices(services);

  test("an order is paid for", async ({ override }) => {
    override({ paymentGateway: { createPayment: async (amount) => ({ id: "pay_1", amount }) } });
    expect(await payments().createPayment(7)).toEqual({ id: "pay_1", amount: 7 });
  });

  test.concurrent("another one fails, beside it", async ({ override }) => {
    override({ paymentGateway: { createPayment: () => Promise.reject(new Error("declined")) } });
    await expect(payments().createPayment(7)).rejects.toThrow("declined");
  });

  test("types", ({ services: given, override }) => {
    expectTypeOf(given.get("paymentGateway")).toEqualTypeOf<PaymentGatewayClient>();
    // @ts-expect-error no service has this name
    override({ paymentGatway: {} });
    // @ts-expect-error the fake answers with something else
    override({ paymentGateway: { createPayment: async () => 5 } });
  });
}

{
  void withServicesOfNode(services, {}, (t, { override }) => {
    expectTypeOf(t.name).toBeString();
    // @ts-expect-error no service has this name
    override({ paymentGatway: {} });
  });
  // @ts-expect-error no service has this name
  void withServicesOfNode(services, { paymentGatway: {} }, () => undefined);
  // @ts-expect-error there is no test
  void withServicesOfNode(services, {});
}

{
  expectTypeOf<VirtualClock>().toExtend<Clock>();
  expectTypeOf(seededRandom(1)).toEqualTypeOf<Random>();
  expectTypeOf(new VirtualClock().advanceToNext()).resolves.toEqualTypeOf<number | undefined>();
  // @ts-expect-error a seed is a number
  void seededRandom("1");
}

{
  const far = fakeSockets({ onSocket: (socket) => void socket.accept({ protocol: "v1" }) });
  expectTypeOf(far.transport).toEqualTypeOf<StreamTransport>();
  expectTypeOf(far.next()).resolves.toEqualTypeOf<FarSocket>();
  void new Feed({ baseUrl: "wss://feed.example", transport: far.transport, codec: json() as never });
  // @ts-expect-error a transport connects
  void new Feed({ baseUrl: "wss://feed.example", transport: {} });
  // @ts-expect-error an option that there is not
  void fakeSockets({ bufferByte: 1 });
}

{
  void scriptedServer(script().expect({ a: 1 }).reply({ b: 2 }).close(1000));
  void scriptedServer([script().refuse(503), script({ protocol: "v1" }).push("x")], { waitMs: 10 });
  // @ts-expect-error a number is no message
  void script().push(5);
  // @ts-expect-error a script is made with script()
  void scriptedServer([{ expect: "x" }]);
}

{
  const proxy = await faultProxy({ target: "http://127.0.0.1:1", latencyMs: 5, toClient: { stall: true } });
  proxy.set({ accept: "hang" });
  // @ts-expect-error a target there must be
  void faultProxy({ latencyMs: 5 });
  // @ts-expect-error no way to take a connection
  proxy.set({ accept: "refuse" });
  // @ts-expect-error an option that there is not
  proxy.set({ toClient: { latency: 5 } });
}
