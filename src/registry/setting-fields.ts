import type { StandardSchemaV1 } from "@standard-schema/spec";
import { endpointProblem } from "../core/endpoint.ts";
import { OptionReader } from "../core/options.ts";
import { readProxy } from "../core/proxy.ts";
import { envPrefixFor } from "./env-names.ts";
import type { RestSuffix, SettingSchemas, WsSuffix } from "./env-of.ts";
import { duration, secret, SettingSchema, size, url, wholeNumber } from "./setting-schemas.ts";

/** One setting of a service. */
export interface SettingField<Suffix extends string = string> {
  /** How its variable may end, the first being the one to recommend: `_API_KEY`, `_KEY`. */
  readonly suffixes: readonly [Suffix, ...Suffix[]];
  /** The option that it fills; `retry.maxRetries` is one within another. */
  readonly option: string;
  /** Takes the text of the variable. */
  readonly schema: StandardSchemaV1;
  /** Of the service's own: its schema also says what holds where the variable is not set. */
  readonly isOwn?: boolean;
}

const endpoint = (): SettingSchema<string> =>
  new SettingSchema((text) => {
    const problem = endpointProblem(text.trim());
    return problem === undefined ? { value: text.trim() } : { problems: [problem] };
  });

const orFalse = (schema: SettingSchema<unknown>): SettingSchema<unknown> =>
  new SettingSchema((text) => {
    if (text.trim() === "false") return { value: false };
    const result = schema["~standard"].validate(text) as StandardSchemaV1.Result<unknown>;
    return result.issues === undefined ? result : { problems: result.issues.map(({ message }) => message) };
  });

const proxy = new SettingSchema<string | false>((text) => {
  const problems: string[] = [];
  const value = text.trim() === "false" ? false : text.trim();
  readProxy(new OptionReader("", { proxy: value }, "", problems));
  return problems.length === 0 ? { value } : { problems: problems.map((problem) => problem.replace(/^proxy /, "")) };
});

const field = <Suffix extends string>(
  suffix: Suffix,
  option: string,
  schema: StandardSchemaV1,
): SettingField<Suffix> => ({ suffixes: [suffix], option, schema });

const apiKey: SettingField<"_API_KEY" | "_KEY"> = {
  suffixes: ["_API_KEY", "_KEY"],
  option: "apiKey",
  schema: secret(),
};

const restFields: readonly SettingField<RestSuffix>[] = [
  field("_URL", "baseUrl", url()),
  apiKey,
  field("_TIMEOUT", "deadlineMs", duration()),
  field("_ATTEMPT_TIMEOUT", "attemptTimeoutMs", duration()),
  field("_CONNECT_TIMEOUT", "connectTimeoutMs", duration()),
  field("_BODY_IDLE_TIMEOUT", "bodyIdleTimeoutMs", duration()),
  field("_CLOSE_TIMEOUT", "closeTimeoutMs", duration()),
  field("_MAX_RETRIES", "retry.maxRetries", wholeNumber()),
  field("_MAX_CONNECTIONS", "maxConnections", wholeNumber(1)),
  field("_MAX_RESPONSE_BYTES", "maxResponseBytes", size()),
  field("_ENDPOINT_BASE", "endpointBase", endpoint()),
  field("_HEALTH_ENDPOINT", "healthEndpoint", orFalse(endpoint())),
  field("_PROXY", "proxy", proxy),
];

const wsFields: readonly SettingField<WsSuffix>[] = [
  field("_URL", "baseUrl", url("wss:", "ws:", "https:", "http:")),
  apiKey,
  field("_PING_INTERVAL", "pingIntervalMs", orFalse(duration())),
  field("_PING_TIMEOUT", "pingTimeoutMs", duration()),
  field("_CONNECT_TIMEOUT", "connectTimeoutMs", duration()),
  field("_START_TIMEOUT", "startTimeoutMs", duration()),
  field("_CLOSE_TIMEOUT", "closeTimeoutMs", duration()),
  field("_SEND_TIMEOUT", "sendTimeoutMs", duration()),
  field("_REQUEST_TIMEOUT", "requestTimeoutMs", duration()),
  field("_MAX_PAYLOAD_BYTES", "maxPayloadBytes", size()),
  field("_ENDPOINT", "endpoint", endpoint()),
  field("_PROXY", "proxy", proxy),
];

/** What each kind of service reads from the environment, whatever its own settings are: `PAYMENT_GATEWAY` + suffix. */
export const settingFields: Readonly<Record<"rest" | "ws" | "custom", readonly SettingField[]>> = {
  rest: restFields,
  ws: wsFields,
  custom: [],
};

/** The fields of a service's own settings: `merchantId` is read from `…_MERCHANT_ID`. */
export function ownFields(schemas: SettingSchemas): SettingField[] {
  return Object.entries(schemas).map(([option, schema]) => ({
    suffixes: [`_${envPrefixFor(option)}`],
    option,
    schema,
    isOwn: true,
  }));
}
