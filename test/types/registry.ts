// What docs/registry.md shows, compiled: the document's blocks stand here word for word.
import type { Server, ServerResponse } from "node:http";
import {
  defineServices,
  healthAnswer,
  RESTService,
  rest,
  service,
  stopOnSignals,
  url,
  WebSocketService,
  wholeNumber,
  ws,
} from "hawser";
import { MockAgent } from "undici";

declare const Pool: new (options: {
  readonly max: number;
  readonly url: string;
}) => {
  connect(options: { signal: AbortSignal }): Promise<void>;
  end(): Promise<void>;
  query(sql: string): Promise<unknown>;
  readonly waiting: number;
};
declare const server: Server;
declare const app: { inject(path: string): Promise<{ readonly statusCode: number }> };

class PaymentGatewayClient extends RESTService {
  createPayment(amount: number) {
    return this.postJson("/payments", { json: { amount } });
  }
}
class PriceFeed extends WebSocketService {}
class Billing {
  readonly #payments: PaymentGatewayClient;
  readonly #books: InstanceType<typeof Pool>;

  constructor(payments: PaymentGatewayClient, books: InstanceType<typeof Pool>) {
    this.#payments = payments;
    this.#books = books;
  }

  async charge(amount: number) {
    await this.#payments.createPayment(amount);
    await this.#books.query("insert …");
  }
}

const payments = rest(PaymentGatewayClient, { endpointBase: "/v1", idempotency: true, critical: true });

const books = service({
  settings: { url: url("postgres:"), poolSize: wholeNumber(1) }, // BOOKS_URL, BOOKS_POOL_SIZE
  create: async ({ settings, signal }) => {
    const pool = new Pool({ url: settings.url, max: settings.poolSize });
    await pool.connect({ signal });
    return pool;
  },
  dispose: (pool) => pool.end(),
  health: async (pool) => {
    await pool.query("select 1");
    return pool.waiting > 100 ? { status: "warn", output: `${pool.waiting} wait for a connection` } : undefined;
  },
});

const billing = service({
  needs: [payments, books],
  create: (_context, paymentGateway, pool) => new Billing(paymentGateway, pool),
});

export const services = defineServices(
  { payments, books, billing, prices: ws(PriceFeed, { endpoint: "/stream", late: true }) },
  { defaults: { rest: { deadlineMs: 5_000 } }, stopTimeoutMs: 10_000 },
);

await services.start();
await services.get("billing").charge(5);
await services.stop();

async function latest() {
  if (!services.has("prices")) return undefined;
  return services.get("prices").state;
}

const prices = await services.ready("prices", { signal: AbortSignal.timeout(10_000) });

const paymentsOf = services.provider("payments");

const tenant = services.scope({ env: { PAYMENTS_URL: "https://eu.pay.example" } });
await tenant.start();
await tenant.run(() => paymentsOf().createPayment(5)); // of the tenant
await tenant.stop();

async function ready(response: ServerResponse) {
  const { status, headers, body } = healthAnswer(await services.health());
  response.writeHead(status, headers).end(body);
}

stopOnSignals(services, {
  timeoutMs: 25_000,
  before: () => new Promise((closed) => server.close(closed)),
});

const fake = { createPayment: async () => ({ id: "p1" }) };
{
  using _ = services.override({ payments: fake });
  await app.inject("/pay");
}

const answer = await services.with({ payments: fake }, () => app.inject("/pay"));

const mock = new MockAgent();
const offline = services.scope({ defaults: { rest: { dispatcher: mock } } });

export { answer, latest, offline, prices, ready };
