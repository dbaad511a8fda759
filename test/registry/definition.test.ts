import { expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { rest, ws } from "../../src/registry/definition.ts";
import { z } from "zod";
import { plainText } from "../../src/registry/setting-schemas.ts";
import { RESTService } from "../../src/rest/rest-service.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";

class Payments extends RESTService {}
class Feed extends WebSocketService {}

const problemsOf = (make: () => unknown): readonly string[] => {
  try {
    make();
  } catch (error) {
    if (isServiceConfigurationError(error)) return error.problems;
    throw error;
  }
  return [];
};

test("a class passed in is the class handed out", () => {
  expect(rest(Payments).create({ name: "p", baseUrl: "https://a.example" })).toBeInstanceOf(Payments);
  expect(ws(Feed, { endpoint: "/x" }).create({ name: "f", baseUrl: "wss://a.example" })).toBeInstanceOf(Feed);
});

test("without a class there is a ready service", () => {
  expect(rest().create({ name: "p", baseUrl: "https://a.example" })).toBeInstanceOf(RESTService);
  expect(ws({ endpoint: "/x" }).create({ name: "f", baseUrl: "wss://a.example" })).toBeInstanceOf(WebSocketService);
});

test("what belongs to the definition does not reach the class", () => {
  const definition = rest({ optional: true, env: "PAY", endpointBase: "/v1" });
  expect(definition).toMatchObject({ isOptional: true, envPrefix: "PAY", options: { endpointBase: "/v1" } });
});

test("a class of the other kind, or none at all, is refused", () => {
  expect(problemsOf(() => rest(Feed as never))).toEqual(["rest() needs a class that extends RESTService"]);
  expect(problemsOf(() => ws(Payments as never, {}))).toEqual(["ws() needs a class that extends WebSocketService"]);
  expect(problemsOf(() => rest(RESTService as never))).toEqual(["rest() needs a class that extends RESTService"]);
});

test("all problems of a definition are told at once", () => {
  const wrong = { name: "x", optional: "yes", env: "NOT A PREFIX" } as never;
  expect(problemsOf(() => rest(Payments, wrong))).toEqual([
    "optional must be true or false",
    "name is given twice: a service is named by its key in the registry",
    "env must be what the variables start with: PAYMENTS for PAYMENTS_URL",
  ]);
  expect(problemsOf(() => rest(Payments, null as never))).toEqual(["rest() needs its options as an object"]);
});

test("settings of a definition are schemas, with names that give variables which are not taken", () => {
  const settings = (given: unknown): readonly string[] =>
    problemsOf(() => rest(Payments, { settings: given as never }));
  expect(settings({ merchantId: plainText(), batch: z.string() })).toEqual([]);
  expect(settings("x")).toEqual(["settings must be an object of Standard Schemas by the names of options"]);
  expect(settings({ a: String, b: null })).toEqual([
    "settings.a must be a Standard Schema: one of zod, valibot, arktype, or ours",
    "settings.b must be a Standard Schema: one of zod, valibot, arktype, or ours",
  ]);
  expect(settings({ merchantId: plainText(), merchant_id: plainText(), "a.b": plainText() })).toEqual([
    "settings.merchantId and settings.merchant_id would both be read from …_MERCHANT_ID: rename one",
    "settings.a.b gives no name for a variable",
  ]);
  expect(settings({ ca: plainText(), caFile: plainText(), keyFile: plainText() })).toEqual([
    "settings.ca and settings.caFile would both be read from …_CA_FILE: rename one",
    "settings.keyFile: …_KEY_FILE is the variable of apiKey, give the option another name",
  ]);
  expect(settings({ deadlineMs: plainText(), timeout: plainText() })).toEqual([
    "settings.deadlineMs: it is read from …_TIMEOUT anyway, leave it out",
    "settings.timeout: …_TIMEOUT is the variable of deadlineMs, give the option another name",
  ]);
});
