import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { Secret } from "../../src/core/secret.ts";
import { proxyRoute } from "../../src/core/proxy.ts";
import { payments } from "../support/rest-client.ts";

const url = "http://user:sk_1@proxy.test:3128";

/** The route with its secrets laid open. */
function opened(env: Record<string, string>): unknown {
  const route = proxyRoute("payments", "environment", env);
  if (route.kind !== "environment") return route;
  return { http: route.http?.reveal(), https: route.https?.reveal(), except: route.except };
}

describe("the environment", () => {
  test.each([
    [{}, { kind: "direct" }],
    [{ HTTP_PROXY: "" }, { kind: "direct" }],
    [{ NO_PROXY: "*" }, { kind: "direct" }],
    [{ HTTP_PROXY: "http://a" }, { http: "http://a", https: "http://a", except: "" }],
    [{ HTTPS_PROXY: "http://b" }, { http: undefined, https: "http://b", except: "" }],
    [
      { HTTP_PROXY: "http://a", https_proxy: "http://b", NO_PROXY: "x" },
      { http: "http://a", https: "http://b", except: "x" },
    ],
    [
      { HTTP_PROXY: "http://a", http_proxy: "http://c", no_proxy: "y", NO_PROXY: "x" },
      { http: "http://c", https: "http://c", except: "y" },
    ],
    [
      { HTTP_PROXY: "proxy.test:3128" },
      { http: "http://proxy.test:3128", https: "http://proxy.test:3128", except: "" },
    ],
  ])("%j", (env: Record<string, string>, route) => {
    expect(opened(env)).toEqual(route);
  });

  test.each([["socks5://user:sk_1@proxy.test"], ["http://"], ["http://sk_1 x"], ["http://user:sk_1%@proxy.test"]])(
    "with %s is an error that names the variable and not its value",
    (value) => {
      let thrown: unknown;
      try {
        proxyRoute("payments", "environment", { HTTPS_PROXY: value });
      } catch (error) {
        thrown = error;
      }
      expect(isServiceConfigurationError(thrown)).toBe(true);
      expect(inspect(thrown)).toContain("HTTPS_PROXY must be a URL");
      expect(inspect(thrown)).not.toContain("sk_1");
    },
  );

  test("does not matter where the option says otherwise", () => {
    const env = { HTTP_PROXY: "http://a" };
    expect(proxyRoute("payments", false, env)).toEqual({ kind: "direct" });
    expect(proxyRoute("payments", new Secret(url), env)).toMatchObject({ kind: "proxy" });
  });
});

test("a route shows no credentials", () => {
  for (const route of [
    proxyRoute("payments", new Secret(url), {}),
    proxyRoute("payments", "environment", { HTTP_PROXY: url }),
  ]) {
    expect(inspect(route, { depth: 9, showHidden: true }) + JSON.stringify(route)).not.toContain("sk_1");
  }
});

test.each([["proxy.test:3128"], ["ftp://sk_1@proxy.test"], ["http://u:sk_1%@proxy.test"], ["sk_1"], [true], [7]])(
  "proxy: %j is an error that does not show it",
  (proxy) => {
    const make = (): unknown => payments({ url: "https://api.test" }, { proxy: proxy as string });
    expect(make).toThrow('proxy must be a URL that starts with http:// or https://, "environment", or false');
    expect(make).not.toThrow("sk_1");
  },
);
