import { expect, test } from "vitest";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { misspeltVariables } from "../../src/registry/misspelt.ts";
import { httpServer } from "../support/http-server.ts";
import { logbook, Payments } from "../support/rest-client.ts";

const variables = (prefix: string): string[] =>
  ["_URL", "_API_KEY", "_KEY", "_TIMEOUT", "_MAX_RETRIES", "_PROXY"].flatMap((suffix) => [
    prefix + suffix,
    `${prefix}${suffix}_FILE`,
  ]);
const known = [
  { service: "payment", prefix: "PAYMENT", variables: variables("PAYMENT") },
  { service: "paymentGateway", prefix: "PAYMENT_GATEWAY", variables: variables("PAYMENT_GATEWAY") },
];

test.each([
  ["PAYMENT_GATEWAY_TIMOUT", "PAYMENT_GATEWAY_TIMEOUT"],
  ["PAYMENT_GATEWAY_TIMEOUT_MS", "PAYMENT_GATEWAY_TIMEOUT"],
  ["PAYMENT_GATEWAY_APIKEY", "PAYMENT_GATEWAY_API_KEY"],
  ["PAYMENT_GATEWAY_URI", "PAYMENT_GATEWAY_URL"],
  ["PAYMENT_GATEWAY_MAX_RETRY", "PAYMENT_GATEWAY_MAX_RETRIES"],
  ["PAYMENT_GATEWAY_API_KEY_FIEL", "PAYMENT_GATEWAY_API_KEY_FILE"],
  ["payment_gateway_url", "PAYMENT_GATEWAY_URL"],
  ["PAYMENT_TIMEOUTS", "PAYMENT_TIMEOUT"],
])("%s was meant to be %s", (variable, nearest) => {
  const [service] = nearest.startsWith("PAYMENT_GATEWAY_") ? ["paymentGateway"] : ["payment"];
  expect(misspeltVariables(known, { [variable]: "x" })).toEqual([{ service, variable, nearest }]);
});

test.each([
  // What is read.
  "PAYMENT_GATEWAY_URL",
  "PAYMENT_KEY_FILE",
  // What others put there: Kubernetes for a service of that name, and an application.
  "PAYMENT_GATEWAY_SERVICE_HOST",
  "PAYMENT_GATEWAY_SERVICE_PORT",
  "PAYMENT_GATEWAY_PORT",
  "PAYMENT_GATEWAY_PORT_443_TCP_ADDR",
  "PAYMENT_METHODS",
  "OTHER_TIMOUT",
  "PAYMENTGATEWAY_URL",
])("%s is nobody's mistake", (variable) => {
  expect(misspeltVariables(known, { [variable]: "x" })).toEqual([]);
});

test("an empty variable counts as not set", () => {
  expect(misspeltVariables(known, { PAYMENT_GATEWAY_TIMOUT: "", PAYMENT_GATEWAY_URI: undefined })).toEqual([]);
});

test("variables of nobody are looked up, and not held against every service", () => {
  let asked = 0;
  const services = Array.from({ length: 100 }, (_, index) => ({
    service: `s${index}`,
    get prefix() {
      asked += 1;
      return `S${index}`;
    },
    variables: [`S${index}_URL`],
  }));
  const others = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`OTHER_${index}_VALUE`, "x"]));
  expect(misspeltVariables(services, others)).toEqual([]);
  expect(asked).toBe(100);
});

test("what one of several services with a prefix reads, or one with a shorter prefix, is nobody's mistake", () => {
  const services = [
    { service: "first", prefix: "VENDOR", variables: ["VENDOR_API_KEY", "VENDOR_EU_URL"] },
    { service: "second", prefix: "VENDOR", variables: ["VENDOR_API_KEYS"] },
    { service: "third", prefix: "VENDOR_EU", variables: ["VENDOR_EU_URI"] },
    { service: "fourth", prefix: "vendor", variables: ["vendor_api_key"] },
  ];
  const env = {
    VENDOR_API_KEYS: "x",
    VENDOR_EU_URL: "x",
    vendor_api_key: "x",
    VENDOR_API_KEYZ: "x",
    vendor_eu_url: "x",
  };
  expect(misspeltVariables(services, env)).toEqual([
    { service: "first", variable: "VENDOR_API_KEYZ", nearest: "VENDOR_API_KEY" },
    { service: "third", variable: "vendor_eu_url", nearest: "VENDOR_EU_URI" },
  ]);
});

test("of two services with one prefix, the first is told of", () => {
  const twice = ["first", "second"].map((service) => ({ service, prefix: "VENDOR", variables: variables("VENDOR") }));
  expect(misspeltVariables(twice, { VENDOR_TIMOUT: "x" })).toEqual([
    { service: "first", variable: "VENDOR_TIMOUT", nearest: "VENDOR_TIMEOUT" },
  ]);
});

test("a start warns of what looks like a misspelt setting, and does not show its value", async () => {
  await using server = await httpServer();
  const { logger, entries } = logbook();
  await using services = defineServices({ payments: rest(Payments) }, { logger });
  const env = { PAYMENTS_URL: server.url, PAYMENTS_TIMOUT: "hunter2" };
  await services.start({ env });
  const warned = entries.filter(({ level }) => level === "warn");
  expect(warned).toEqual([
    {
      level: "warn",
      fields: { service: "payments", variable: "PAYMENTS_TIMOUT", nearest: "PAYMENTS_TIMEOUT" },
      message: "nobody reads this variable: was another one meant?",
    },
  ]);
});

test("a reload does not warn again of what was warned of before", async () => {
  const { logger, entries } = logbook();
  await using services = defineServices({ payments: rest(Payments) }, { logger });
  const env = { PAYMENTS_URL: "https://a.example", PAYMENTS_TIMOUT: "1" };
  await services.start({ env });
  await services.reload();
  const others = { ...env, PAYMENTS_URI: "1" };
  await services.reload({ env: others });
  const warned = entries.filter(({ level }) => level === "warn");
  expect(warned.map(({ fields }) => fields["variable"])).toEqual(["PAYMENTS_TIMOUT", "PAYMENTS_URI"]);
});
