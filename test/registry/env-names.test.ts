import { expect, test } from "vitest";
import { envPrefixFor, isEnvPrefix } from "../../src/registry/env-names.ts";

test.each([
  ["paymentGateway", "PAYMENT_GATEWAY"],
  ["payment_gateway", "PAYMENT_GATEWAY"],
  ["payment-gateway", "PAYMENT_GATEWAY"],
  ["PaymentGateway", "PAYMENT_GATEWAY"],
  ["PAYMENT_GATEWAY", "PAYMENT_GATEWAY"],
  ["payment gateway", "PAYMENT_GATEWAY"],
  ["realtimeWs", "REALTIME_WS"],
  ["realtimeWS", "REALTIME_WS"],
  ["realtime_ws", "REALTIME_WS"],
  ["HTTPGateway", "HTTP_GATEWAY"],
  ["s3Store", "S3_STORE"],
  ["payments2", "PAYMENTS2"],
  ["__payments__", "PAYMENTS"],
  ["a.b:c", "A_B_C"],
])("the variables of %j start with %s", (name, prefix) => {
  expect(envPrefixFor(name)).toBe(prefix);
});

test("a name without a letter that a variable can have gives no prefix", () => {
  expect(isEnvPrefix(envPrefixFor("支払い"))).toBe(false);
  expect(isEnvPrefix(envPrefixFor(""))).toBe(false);
});

test("a variable does not start with a digit", () => {
  expect(isEnvPrefix(envPrefixFor("3scale"))).toBe(false);
  expect(isEnvPrefix("_3SCALE")).toBe(true);
});
