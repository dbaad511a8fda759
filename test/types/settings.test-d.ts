// Compiled and never run: a line that must not compile says so above itself, and the compiler checks that it does not.
import type { StandardSchemaV1 } from "@standard-schema/spec";
import * as v from "valibot";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import {
  defineServices,
  duration,
  type EnvOf,
  environmentFrom,
  oneOf,
  plainText,
  type RegistryDescription,
  type ReloadChange,
  rest,
  RESTService,
  type RESTServiceOptions,
  type Secret,
  secret,
  service,
  size,
  url,
  wholeNumber,
  ws,
} from "../../src/index.ts";

// Each schema is a Standard Schema of its value.
type Made<S extends StandardSchemaV1> = StandardSchemaV1.InferOutput<S>;
const address = url("wss:");
expectTypeOf<Made<typeof address>>().toEqualTypeOf<string>();
expectTypeOf<Made<ReturnType<typeof secret>>>().toEqualTypeOf<Secret>();
expectTypeOf<Made<ReturnType<typeof duration>>>().toEqualTypeOf<number>();
const sizeOrNone = size().optional();
expectTypeOf<Made<typeof sizeOrNone>>().toEqualTypeOf<number | undefined>();
const region = oneOf("eu", "us").default("eu");
expectTypeOf<Made<typeof region>>().toEqualTypeOf<"eu" | "us">();
// @ts-expect-error: none of the words
oneOf("eu", "us").default("asia");
// @ts-expect-error: a number of milliseconds
duration().default("30s");

class Merchant extends RESTService {
  readonly facts: object;
  constructor({ merchantId, batch, ...options }: RESTServiceOptions & { merchantId: string; batch?: number }) {
    super(options);
    this.facts = { merchantId, batch };
  }
}

const services = defineServices({
  paymentGateway: rest(Merchant, {
    settings: { merchantId: plainText(), batch: v.pipe(v.string(), v.transform(Number)) },
  }),
  "market-data": ws({ env: "FEED" }),
  pool: service({
    settings: { databaseUrl: secret(), poolSize: wholeNumber(1), zone: z.string().optional() },
    create: ({ settings }) => {
      expectTypeOf(settings).toEqualTypeOf<{
        readonly databaseUrl: Secret;
        readonly poolSize: number;
        readonly zone: string | undefined;
      }>();
      return { settings };
    },
    reload: (_pool, { databaseUrl, poolSize }) => {
      expectTypeOf(databaseUrl).toEqualTypeOf<Secret>();
      expectTypeOf(poolSize).toEqualTypeOf<number>();
    },
  }),
});

// The names of all variables: of a kind, of its own settings, with the prefix that was given, and as mounted files.
type Env = EnvOf<typeof services>;
expectTypeOf<"PAYMENT_GATEWAY_URL">().toExtend<Env>();
expectTypeOf<"PAYMENT_GATEWAY_API_KEY_FILE">().toExtend<Env>();
expectTypeOf<"PAYMENT_GATEWAY_MAX_RESPONSE_BYTES">().toExtend<Env>();
expectTypeOf<"PAYMENT_GATEWAY_MERCHANT_ID">().toExtend<Env>();
expectTypeOf<"FEED_PING_INTERVAL">().toExtend<Env>();
expectTypeOf<"FEED_MAX_PAYLOAD_BYTES">().toExtend<Env>();
expectTypeOf<Extract<Env, `POOL_${string}`>>().toEqualTypeOf<
  | "POOL_DATABASE_URL"
  | "POOL_DATABASE_URL_FILE"
  | "POOL_POOL_SIZE"
  | "POOL_POOL_SIZE_FILE"
  | "POOL_ZONE"
  | "POOL_ZONE_FILE"
>();
expectTypeOf<"PAYMENT_GATEWAY_MERCHANTID">().not.toExtend<Env>();
expectTypeOf<"MARKET_DATA_URL">().not.toExtend<Env>();
expectTypeOf<"FEED_MAX_RETRIES">().not.toExtend<Env>();

// A misspelt variable does not compile, wherever variables are given.
await services.start({ env: { PAYMENT_GATEWAY_URL: "https://a.example", FEED_KEY: "k" } });
// @ts-expect-error
await services.start({ env: { PAYMENT_GATEWAY_ULR: "https://a.example" } });
// @ts-expect-error
await services.start({ env: { PAYMENT_GATEWAY_MERCHANTID: "m" } });
// @ts-expect-error
await services.reload({ env: { FEED_PING_INTERVALL: "1" } });
// @ts-expect-error
services.describe({ env: { POOL_SIZE: "1" } });
// @ts-expect-error: a variable is text
await services.start({ env: { PAYMENT_GATEWAY_TIMEOUT: 30 } });
// @ts-expect-error
defineServices({ payments: rest() }, { env: { PAYMENT_URL: "https://a.example" } });
defineServices({ payments: rest() }, { env: { PAYMENTS_URL: "https://a.example" } });
// What only run time knows may hold more.
defineServices({ payments: rest() }, { env: environmentFrom([".env", { path: ".env.local", optional: true }]) });
declare const given: Readonly<Record<string, string | undefined>>;
await services.start({ env: given });
await services.reload({ env: environmentFrom(".env") });

// Settings are options of the class.
// @ts-expect-error: no such option
rest(Merchant, { merchantId: "m", settings: { merchantID: plainText() } });
// @ts-expect-error: not a schema
rest(Merchant, { settings: { merchantId: String } });
// @ts-expect-error: merchantId is given neither by the code nor by the environment
rest(Merchant, { settings: { batch: wholeNumber() } });

expectTypeOf(services.describe()).toEqualTypeOf<RegistryDescription>();
const { changed } = await services.reload();
expectTypeOf(changed).toEqualTypeOf<readonly ReloadChange[]>();
expectTypeOf<ReloadChange["effect"]>().toEqualTypeOf<"now" | "next-connection" | "restart">();
