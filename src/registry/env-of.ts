import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ServiceDefinition } from "./definition.ts";

/** A schema for each setting that is read from the environment beside the usual ones, by the name of its option. */
export type SettingSchemas = Readonly<Record<string, StandardSchemaV1>>;

/** No settings beside the usual ones. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- none is what is meant
export type NoSettings = Record<never, never>;

/** What the schemas make of the settings. */
export type SettingValues<S extends SettingSchemas> = { readonly [K in keyof S]: StandardSchemaV1.InferOutput<S[K]> };

/** What every REST service may be configured by, behind the prefix of its name. */
export type RestSuffix =
  | "_URL"
  | "_API_KEY"
  | "_KEY"
  | "_TIMEOUT"
  | "_ATTEMPT_TIMEOUT"
  | "_CONNECT_TIMEOUT"
  | "_BODY_IDLE_TIMEOUT"
  | "_CLOSE_TIMEOUT"
  | "_MAX_RETRIES"
  | "_MAX_CONNECTIONS"
  | "_MAX_RESPONSE_BYTES"
  | "_ENDPOINT_BASE"
  | "_HEALTH_ENDPOINT"
  | "_PROXY";

/** What every service over a WebSocket stream may be configured by, behind the prefix of its name. */
export type WsSuffix =
  | "_URL"
  | "_API_KEY"
  | "_KEY"
  | "_PING_INTERVAL"
  | "_PING_TIMEOUT"
  | "_CONNECT_TIMEOUT"
  | "_START_TIMEOUT"
  | "_CLOSE_TIMEOUT"
  | "_SEND_TIMEOUT"
  | "_REQUEST_TIMEOUT"
  | "_MAX_PAYLOAD_BYTES"
  | "_ENDPOINT"
  | "_PROXY";

/** What a service's own settings are read from, behind the prefix of its name: `merchantId` from `_MERCHANT_ID`. */
export type SettingSuffix<S extends SettingSchemas> = `_${UpperSnake<keyof S & string>}`;

/**
 * The names of all variables that a registry, or definitions by name, may read; each may also be given as `…_FILE`.
 *
 * ```ts
 * type AppEnv = EnvOf<typeof services>; // "PAYMENT_GATEWAY_URL" | "PAYMENT_GATEWAY_URL_FILE" | …
 * ```
 */
export type EnvOf<R> = R extends { readonly "~environment"?: infer Env extends string } ? Env : EnvOfDefinitions<R>;

/** {@link EnvOf} of definitions that are not a registry yet. */
export type EnvOfDefinitions<D> = {
  [N in keyof D & string]: D[N] extends ServiceDefinition<unknown, infer Suffix, infer Prefix>
    ? WithFile<`${[Prefix] extends [never] ? UpperSnake<N> : Prefix}${Suffix}`>
    : never;
}[keyof D & string];

type WithFile<Name extends string> = Name | `${Name}_FILE`;

/** As `envPrefixFor` does at run time: `paymentGateway`, `payment_gateway` and `payment-gateway` are `PAYMENT_GATEWAY`. */
export type UpperSnake<Name extends string> = string extends Name ? string : Trimmed<Upper<Name>>;

// Letter by letter, with the one before: a new word begins at a capital after a small letter or digit, at the last
// capital of a row of them that a small letter follows, and at everything that a variable cannot have.
type Upper<
  Rest extends string,
  Before extends string = "_",
  Out extends string = "",
> = Rest extends `${infer C}${infer R}`
  ? Kind<C> extends "other"
    ? Upper<R, "_", Before extends "_" ? Out : `${Out}_`>
    : Upper<R, C, `${Out}${Break<C, Before, R>}${Uppercase<C>}`>
  : Out;

type Break<C extends string, Before extends string, Next extends string> =
  Kind<C> extends "capital"
    ? Kind<Before> extends "small" | "digit"
      ? "_"
      : Kind<Before> extends "capital"
        ? Next extends `${infer N}${string}`
          ? Kind<N> extends "small"
            ? "_"
            : ""
          : ""
        : ""
    : "";

type Trimmed<Name extends string> = Name extends `${infer Rest}_` ? Rest : Name;

type Digit = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9";
type Small =
  | ("a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" | "i" | "j" | "k" | "l" | "m")
  | ("n" | "o" | "p" | "q" | "r" | "s" | "t" | "u" | "v" | "w" | "x" | "y" | "z");
type Kind<C extends string> = C extends Small
  ? "small"
  : C extends Uppercase<Small>
    ? "capital"
    : C extends Digit
      ? "digit"
      : "other";
