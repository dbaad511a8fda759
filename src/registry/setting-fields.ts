import { endpointProblem, readBaseUrl } from "../core/endpoint.ts";
import { headerProblem } from "../core/headers.ts";
import { OptionReader } from "../core/options.ts";
import { validateNow } from "../core/schema.ts";
import { Secret } from "../core/secret.ts";
import { durationInWords, parseDurationMs } from "./durations.ts";
import { envPrefixFor } from "./env-names.ts";
import type { SettingSchemas } from "./env-of.ts";
import type { SettingField } from "./settings.ts";

type Parse = SettingField["parse"];

const url =
  (...schemes: readonly string[]): Parse =>
  (text, variable, report) => {
    const problems: string[] = [];
    readBaseUrl(new OptionReader("", { [variable]: text.trim() }, "", problems), variable, schemes);
    for (const problem of problems) report(problem);
    return text.trim();
  };

const secret: Parse = (text, variable, report) => {
  // It goes into a header, where a newline in the middle of a mounted file would break the request line by line.
  if (headerProblem("authorization", text) !== undefined)
    report(`${variable} must be one line without control characters`);
  return new Secret(text);
};

const duration: Parse = (text, variable, report) => {
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined) report(`${variable} must be ${durationInWords}`);
  return durationMs;
};

const wholeNumber =
  (min: number): Parse =>
  (text, variable, report) => {
    const isWhole = /^\d{1,9}$/.test(text.trim());
    if (!isWhole || Number(text) < min) report(`${variable} must be a whole number of at least ${min}`);
    return Number(text);
  };

const endpoint: Parse = (text, variable, report) => {
  const problem = endpointProblem(text.trim());
  if (problem !== undefined) report(`${variable} ${problem}`);
  return text.trim();
};

const orFalse =
  (parse: Parse): Parse =>
  (text, variable, report) =>
    text.trim() === "false" ? false : parse(text, variable, report);

const apiKey: SettingField = { suffixes: ["_API_KEY", "_KEY"], option: "apiKey", parse: secret };
const connectTimeout: SettingField = { suffixes: ["_CONNECT_TIMEOUT"], option: "connectTimeoutMs", parse: duration };

/** What a REST service reads from the environment, and a WebSocket service: `PAYMENT_GATEWAY` + suffix. */
export const settingFields: Readonly<Record<"rest" | "ws", readonly SettingField[]>> = {
  rest: [
    { suffixes: ["_URL"], option: "baseUrl", parse: url("https:", "http:") },
    apiKey,
    { suffixes: ["_TIMEOUT"], option: "deadlineMs", parse: duration },
    { suffixes: ["_ATTEMPT_TIMEOUT"], option: "attemptTimeoutMs", parse: duration },
    connectTimeout,
    { suffixes: ["_MAX_RETRIES"], option: "retry.maxRetries", parse: wholeNumber(0) },
    { suffixes: ["_MAX_CONNECTIONS"], option: "maxConnections", parse: wholeNumber(1) },
    { suffixes: ["_ENDPOINT_BASE"], option: "endpointBase", parse: endpoint },
    { suffixes: ["_HEALTH_ENDPOINT"], option: "healthEndpoint", parse: orFalse(endpoint) },
  ],
  ws: [
    { suffixes: ["_URL"], option: "baseUrl", parse: url("wss:", "ws:", "https:", "http:") },
    apiKey,
    { suffixes: ["_PING_INTERVAL"], option: "pingIntervalMs", parse: orFalse(duration) },
    { suffixes: ["_PING_TIMEOUT"], option: "pingTimeoutMs", parse: duration },
    connectTimeout,
    { suffixes: ["_ENDPOINT"], option: "endpoint", parse: endpoint },
  ],
};

/** The fields of a service's own settings: `merchantId` is read from `…_MERCHANT_ID`. */
export function ownFields(schemas: SettingSchemas): SettingField[] {
  return Object.entries(schemas).map(([option, schema]) => ({
    suffixes: [`_${envPrefixFor(option)}`],
    option,
    parse: (text, variable, report) => {
      const verdict = validateNow(schema, text);
      if (verdict?.isValid !== true) report(`${variable} is not what the schema of ${option} asks for`);
      return verdict?.isValid === true ? verdict.value : undefined;
    },
  }));
}
