import { afterAll, expect, test } from "vitest";
import { LanguageService } from "../support/language-service.ts";

const service = new LanguageService("test/types/completed.ts");
afterAll(() => service[Symbol.dispose]());

const source = (line: string): string => `
  import { defineServices, plainText, RESTService, type RESTServiceOptions, rest, ws } from "../../src/index.ts";
  class Payments extends RESTService {
    constructor(options: RESTServiceOptions & { readonly merchantId: string }) {
      super(options);
    }
  }
  const services = defineServices({
    paymentGateway: rest(Payments, { settings: { merchantId: plainText() } }),
    feed: ws({ env: "MARKET" }),
  });
  ${line}
`;

test("an editor offers the names of the services", () => {
  expect(service.completionsAt(source('services.get("¦");'))).toEqual(["feed", "paymentGateway"]);
});

test("an editor offers the variables of the services, and of no others", () => {
  const offered = service.completionsAt(source("services.start({ env: { ¦ } });"));
  expect(offered).toContain("PAYMENT_GATEWAY_URL");
  expect(offered).toContain("PAYMENT_GATEWAY_MERCHANT_ID_FILE");
  expect(offered).toContain("MARKET_PING_INTERVAL");
  expect(offered.every((name) => /^(PAYMENT_GATEWAY|MARKET)_/.test(name))).toBe(true);
});

test("the compiler names the variable that was meant", () => {
  expect(service.problemsOf(source('services.start({ env: { PAYMENT_GATEWAY_ULR: "x" } });'))).toEqual([
    expect.stringContaining("PAYMENT_GATEWAY_ULR"),
  ]);
});
