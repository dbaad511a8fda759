// What docs/settings.md shows, compiled: the document's blocks stand here word for word.
import {
  defineServices,
  duration,
  type EnvOf,
  environmentFrom,
  type Logger,
  RESTService,
  type RESTServiceOptions,
  rest,
  secret,
  service,
  wholeNumber,
} from "hawser";
import { z } from "zod";

declare const logger: Logger;
declare const openPool: (databaseUrl: string, size: number) => Promise<AsyncDisposable>;
declare const Cache: new (maxEntries: number) => { resize(maxEntries: number): void };

class PaymentGatewayClient extends RESTService {
  readonly merchantId: string;

  constructor({ merchantId, ...options }: RESTServiceOptions & { readonly merchantId: string }) {
    super(options);
    this.merchantId = merchantId;
  }
}

const services = defineServices({
  paymentGateway: rest(PaymentGatewayClient, { settings: { merchantId: z.string().min(3) } }),
  pool: service({
    settings: { databaseUrl: secret(), size: wholeNumber(1).default(4), lingerMs: duration().optional() },
    create: ({ settings }) => openPool(settings.databaseUrl.reveal(), settings.size),
  }),
});

type AppEnv = EnvOf<typeof services>; // "PAYMENT_GATEWAY_URL" | "PAYMENT_GATEWAY_URL_FILE" | …

const forTests: Partial<Record<AppEnv, string>> = {
  PAYMENT_GATEWAY_URL: "http://127.0.0.1:8080",
  PAYMENT_GATEWAY_MERCHANT_ID: "m-1",
};

await services.start({ env: forTests });

const definitions = { mail: rest() };

export const fromFiles = defineServices(definitions, {
  env: environmentFrom([".env", { path: ".env.local", optional: true }]),
});

process.stdout.write(`${String(services.describe())}\n`);

process.on("SIGHUP", () => {
  services.reload().then(
    ({ changed }) => logger.info({ changed }, "settings reloaded"),
    (err: unknown) => logger.error({ err }, "the settings stay what they were"),
  );
});

class MerchantClient extends PaymentGatewayClient {
  #merchantId = "";

  protected override onReload(fresh: this): void {
    // A service of the same class, made with the new settings, that is thrown away.
    this.#merchantId = fresh.#merchantId;
  }
}

const cache = service({
  settings: { maxEntries: wholeNumber(1) },
  create: ({ settings }) => new Cache(settings.maxEntries),
  reload: (made, settings) => made.resize(settings.maxEntries),
});

export const others = defineServices({
  merchant: rest(MerchantClient, { settings: { merchantId: z.string() } }),
  cache,
});
