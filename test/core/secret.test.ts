import { format, inspect } from "node:util";
import pino from "pino";
import { describe, expect, test } from "vitest";
import { ServiceConnectionError } from "../../src/core/errors.ts";
import { jsonLogger } from "../../src/core/logger.ts";
import { Secret } from "../../src/core/secret.ts";

const value = "sk_live_51";
const secret = new Secret(value);
// As code sees it whose types do not know that it is no string.
const untyped = secret as unknown as string;

const pinoLine = (): string => {
  let written = "";
  pino({}, { write: (line) => void (written += line) }).info({ apiKey: secret, nested: { apiKey: secret } }, "hello");
  return written;
};

const jsonLine = (): string => {
  let written = "";
  jsonLogger({ write: (line) => void (written += line) }, { apiKey: secret }).info({ nested: [secret] }, "hello");
  return written;
};

describe("a Secret is never shown", () => {
  test.each<[string, () => string]>([
    ["a template", () => `Bearer ${untyped}`],
    ["String()", () => String(secret)],
    ["a concatenation", () => "Bearer ".concat(untyped)],
    ["JSON", () => JSON.stringify({ secret, list: [secret] })],
    ["inspect", () => inspect({ secret }, { depth: 10 })],
    ["inspect with all that is hidden", () => inspect({ secret }, { showHidden: true, getters: true })],
    ["inspect without its own say", () => inspect({ secret }, { customInspect: false, showHidden: true })],
    ["format", () => format("%s %o %O %j", secret, secret, secret, secret)],
    ["structuredClone", () => inspect(structuredClone({ secret }))],
    ["a copy of its properties", () => JSON.stringify(Object.assign({}, secret))],
    ["a line of pino", pinoLine],
    ["a line of our own logger", jsonLine],
    ["the cause of an error", () => inspect(new Error("x", { cause: { secret } }))],
    [
      "the cause of an error of ours",
      () => {
        const facts = { service: "payments", phase: "connect", outcome: "not-sent", cause: { secret } } as const;
        const error = new ServiceConnectionError("tls", facts);
        return inspect(error, { depth: 10 }) + JSON.stringify(error);
      },
    ],
  ])("in %s", (_where, shown) => {
    expect(shown()).not.toContain(value);
  });

  test("and shows that something is there", () => {
    expect([String(secret), JSON.stringify(secret), inspect(secret)]).toEqual(["[secret]", '"[secret]"', "[secret]"]);
  });
});

test("only reveal gives it out", () => {
  expect(secret.reveal()).toBe(value);
});

test.each(["", undefined, null, 7, {}])("%j is not a secret", (nothing) => {
  expect(() => new Secret(nothing as string)).toThrow(new TypeError("a Secret needs a string that is not empty"));
});

test("from wraps a string, and hands a Secret back as it is", () => {
  expect(Secret.from(value).reveal()).toBe(value);
  expect(Secret.from(secret)).toBe(secret);
});
