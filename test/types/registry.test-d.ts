// Compiled and never run: a line that must not compile says so above itself, and the compiler checks that it does not.
import type { FastifyInstance } from "fastify";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import type { FastifyServices } from "../../src/frameworks/fastify.ts";
import { createRestClient, createWsClient, getRestClient, getWsClient } from "../../src/registry/default-registry.ts";
import { service } from "../../src/registry/custom-service.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest, ws } from "../../src/registry/definition.ts";
import type { EnvOf } from "../../src/registry/env-of.ts";
import { healthAnswer } from "../../src/registry/health-answer.ts";
import type { RegisteredServices } from "../../src/registry/register.ts";
import type { Fake, ServiceRegistry } from "../../src/registry/service-registry.ts";
import { stopOnSignals } from "../../src/registry/stop-on-signals.ts";
import type { RESTServiceOptions } from "../../src/rest/options.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import { RESTService } from "../../src/rest/rest-service.ts";
import { json } from "../../src/websocket/codecs/codecs.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";

class PaymentGatewayClient extends RESTService {
  readonly #secret = 1;
  protected readonly inner = 1;
  createPayment(amount: number): Promise<{ id: string; amount: number }> {
    return Promise.resolve({ id: "p", amount: amount * this.#secret });
  }
}
interface Tick {
  readonly price: number;
}
class Feed extends WebSocketService<Tick> {
  constructor(options: Omit<WebSocketServiceOptions<Tick>, "codec">) {
    super({ ...options, codec: json(z.object({ price: z.number() })) });
  }
}
class Coded extends WebSocketService<Tick> {}
class Raw extends WebSocketService {}
class Priced extends RESTService {
  constructor(options: RESTServiceOptions & { readonly currency: string }) {
    const { currency: _, ...others } = options;
    super(others);
  }
}
class ByUrl extends RESTService {
  constructor(url: string) {
    super({ baseUrl: url });
  }
}

const services = defineServices({
  paymentGateway: rest(PaymentGatewayClient, { endpointBase: "/v1", idempotency: true }),
  plain: rest({ optional: true }),
  realtime: ws(Feed, { endpoint: "/stream" }),
  raw: ws(Raw),
  ready: ws(),
  priced: rest(Priced, { currency: "USD" }),
});

// What is defined is what is handed out.
expectTypeOf(services.get("paymentGateway")).toEqualTypeOf<PaymentGatewayClient>();
expectTypeOf(services.get("plain")).toEqualTypeOf<RESTService>();
expectTypeOf(services.get("realtime")).toEqualTypeOf<Feed>();
expectTypeOf(services.get("raw")).toEqualTypeOf<Raw>();
expectTypeOf(services.get("ready")).toEqualTypeOf<WebSocketService>();
expectTypeOf(services.get("priced")).toEqualTypeOf<Priced>();
expectTypeOf(services.provider("paymentGateway")).toEqualTypeOf<() => PaymentGatewayClient>();
expectTypeOf(services.names).toEqualTypeOf<
  readonly ("paymentGateway" | "plain" | "realtime" | "raw" | "ready" | "priced")[]
>();

// A misspelt name does not compile.
// @ts-expect-error
services.get("paymentsGateway");
// @ts-expect-error
services.provider("paymentsGateway");
// @ts-expect-error
services.override({ paymentsGateway: {} });

// A name that is only known at run time is narrowed by has().
declare const name: string;
// @ts-expect-error
services.get(name);
if (services.has(name)) services.get(name);

// What the class asks for is asked for, and what the registry fills in is not.
// @ts-expect-error: currency is missing
rest(Priced);
// @ts-expect-error: currency is missing
rest(Priced, {});
// @ts-expect-error: the name is the key
rest(PaymentGatewayClient, { name: "x" });
// @ts-expect-error: misspelt
rest(PaymentGatewayClient, { deadlinMs: 1 });
// @ts-expect-error: misspelt
rest({ deadlinMs: 1 });
// @ts-expect-error: a stream is not a REST service
rest(Feed);
// @ts-expect-error: and the other way round
ws(PaymentGatewayClient);
// @ts-expect-error: nobody can make one of it
rest(RESTService);
// @ts-expect-error: its constructor takes something else
rest(ByUrl);
// @ts-expect-error: a codec for other messages
ws(Feed, { codec: json() });
// @ts-expect-error: not a definition
defineServices({ x: new PaymentGatewayClient({ baseUrl: "https://a.example" }) });

// A fake needs no cast, although the class has #private and protected members, and only what the test uses.
services.override({ paymentGateway: { createPayment: async (amount) => ({ id: "fake", amount }) } });
services.override({ paymentGateway: { createPayment: async () => ({ id: "fake", amount: 1 }), name: "x" } });
services.override({ realtime: { addMessageHandler: () => ({}) as Feed } });
services.override({ paymentGateway: new PaymentGatewayClient({ baseUrl: "https://a.example" }) });
// @ts-expect-error: no such method
services.override({ paymentGateway: { createPaymemt: async () => ({ id: "fake", amount: 1 }) } });
// @ts-expect-error: another answer than the class gives
services.override({ paymentGateway: { createPayment: async () => ({ id: 1 }) } });
expectTypeOf<Fake<PaymentGatewayClient>>().not.toHaveProperty("inner");

expectTypeOf(services.with({}, () => 1)).toEqualTypeOf<Promise<number>>();
expectTypeOf(services.with({}, async () => "x")).toEqualTypeOf<Promise<string>>();
expectTypeOf((await services.health()).services).not.toHaveProperty("paymentsGateway");
expectTypeOf((await services.health()).services.raw?.status).toEqualTypeOf<"pass" | "warn" | "fail" | undefined>();
for (const [entry, made] of services.entries()) {
  expectTypeOf(entry).toEqualTypeOf<(typeof services.names)[number]>();
  expectTypeOf(made.lifecycle).toBeString();
}

// The default registry hands out the class passed in, and nothing better than the kind without one.
expectTypeOf(createRestClient("a", PaymentGatewayClient, {})).toEqualTypeOf<PaymentGatewayClient>();
expectTypeOf(createRestClient("a", PaymentGatewayClient)).toEqualTypeOf<PaymentGatewayClient>();
expectTypeOf(createRestClient("a", { baseUrl: "https://a.example" })).toEqualTypeOf<RESTService>();
expectTypeOf(createWsClient("b", Feed)).toEqualTypeOf<Feed>();
expectTypeOf(createWsClient("b")).toEqualTypeOf<WebSocketService>();
expectTypeOf(createWsClient("d", Coded, { codec: json(z.object({ price: z.number() })) })).toEqualTypeOf<Coded>();
// @ts-expect-error: nothing says how its messages become what it says they are
createWsClient("d", Coded);
// @ts-expect-error: nor here
export const wished: Coded = new Coded({ baseUrl: "wss://feed.example" });
// Of a stream without a class, the codec says what its messages are.
const tick = z.object({ price: z.number() });
const priced = createWsClient("c", { codec: json(tick), resume: { positionOf: ({ price }) => price } });
expectTypeOf(priced).toEqualTypeOf<WebSocketService<{ price: number }>>();
expectTypeOf(defineServices({ ticks: ws({ codec: json(tick) }) }).get("ticks")).toEqualTypeOf<
  WebSocketService<{ price: number }>
>();
expectTypeOf(getRestClient("a", PaymentGatewayClient)).toEqualTypeOf<PaymentGatewayClient>();
expectTypeOf(getRestClient("a")).toEqualTypeOf<RESTService>();
expectTypeOf(getWsClient("b", Feed)).toEqualTypeOf<Feed>();
// @ts-expect-error: currency is missing
createRestClient("a", Priced);
// @ts-expect-error: an optional client would be none
createRestClient("a", { optional: true });

// Without Register a framework adapter knows no names; with it, the application's own.
expectTypeOf<RegisteredServices<{ services: typeof services }>>().toEqualTypeOf<typeof services>();
expectTypeOf<RegisteredServices<object>>().toEqualTypeOf<ServiceRegistry>();
expectTypeOf<FastifyInstance["services"]>().toEqualTypeOf<RegisteredServices>();
expectTypeOf(services).toExtend<FastifyServices>();

// What is needed is given by position, as what its definition makes.
const gateway = rest(PaymentGatewayClient);
const book = service({ create: async () => ({ entries: 3 }) });
const billing = service({
  needs: [gateway, book],
  settings: { poolSize: z.coerce.number() },
  create: (context, payments, ledger) => {
    expectTypeOf(payments).toEqualTypeOf<PaymentGatewayClient>();
    expectTypeOf(ledger).toEqualTypeOf<{ entries: number }>();
    expectTypeOf(context.settings).toEqualTypeOf<{ readonly poolSize: number }>();
    expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>();
    return { pay: payments, ledger };
  },
  dispose: (made) => expectTypeOf(made.ledger.entries).toBeNumber(),
  health: (made) => (made.ledger.entries > 0 ? "pass" : { status: "warn", output: "empty" }),
});
const custom = defineServices({ gateway, book, billing });
expectTypeOf(custom.get("book")).toEqualTypeOf<{ entries: number }>();
expectTypeOf(custom.get("billing")).toEqualTypeOf<{ pay: PaymentGatewayClient; ledger: { entries: number } }>();
expectTypeOf(custom.ready("billing")).toEqualTypeOf<
  Promise<{ pay: PaymentGatewayClient; ledger: { entries: number } }>
>();
expectTypeOf<"BILLING_POOL_SIZE">().toExtend<EnvOf<typeof custom>>();
expectTypeOf<"BILLING_URL">().not.toExtend<EnvOf<typeof custom>>();
service({ create: () => 1, health: () => undefined });
service({ create: () => 1, health: async () => ({ status: "pass" }) });
service({ create: () => 1, health: async () => undefined });
custom.override({ book: { entries: 4 } });
// @ts-expect-error: a function that makes it is missing
service({ needs: [gateway] });
// @ts-expect-error: misspelt
service({ create: () => 1, dispos: () => undefined });
// @ts-expect-error: not a definition
service({ needs: [new PaymentGatewayClient({ baseUrl: "https://a.example" })], create: () => 1 });
// @ts-expect-error: it needs one, and takes two
service({ needs: [gateway], create: (_context, one: PaymentGatewayClient, two: string) => [one, two] });
// @ts-expect-error: not what the definition makes
service({ needs: [book], create: (_context, one: PaymentGatewayClient) => one });
// @ts-expect-error: no such status
service({ create: () => 1, health: () => "good" });
// @ts-expect-error: another thing than it makes
service({ create: () => 1, dispose: (made: string) => made });
// @ts-expect-error: no such service
void custom.ready("biling");

// A scope is a registry of the same services, and its run hands out what the work returns.
const scope = custom.scope({ env: { BILLING_POOL_SIZE: "4" } });
expectTypeOf(scope).toEqualTypeOf<typeof custom>();
expectTypeOf(scope.run(() => 5)).toBeNumber();
expectTypeOf(scope.run(async () => "x")).toEqualTypeOf<Promise<string>>();
// @ts-expect-error: nobody reads it
custom.scope({ env: { BILLING_POOL_SIZ: "4" } });
defineServices({ gateway }, { defaults: { rest: { deadlineMs: 5_000 }, ws: { pingIntervalMs: false } } });
// @ts-expect-error: misspelt
defineServices({ gateway }, { defaults: { rest: { deadlinMs: 5_000 } } });
// @ts-expect-error: that of one service
defineServices({ gateway }, { defaults: { rest: { baseUrl: "https://a.example" } } });
// @ts-expect-error: misspelt
defineServices({ gateway }, { stopTimeout: 5_000 });

expectTypeOf(healthAnswer(await custom.health({ fresh: true })).status).toEqualTypeOf<200 | 503>();
expectTypeOf(stopOnSignals(custom)).toEqualTypeOf<Disposable>();
expectTypeOf(stopOnSignals([custom, services], { before: ({ received }) => received })).toEqualTypeOf<Disposable>();
// @ts-expect-error: no such signal
stopOnSignals(custom, { signals: ["SIGWHAT"] });
