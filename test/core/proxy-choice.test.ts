import EnvHttpProxyAgent from "undici/lib/dispatcher/env-http-proxy-agent.js";
import { describe, expect, test } from "vitest";
import type { ProxyRoute } from "../../src/core/proxy.ts";
import { proxyFor } from "../../src/core/proxy-choice.ts";
import { Secret } from "../../src/core/secret.ts";

const environment = (except: string, http = "http://plain.test", https = "http://secure.test"): ProxyRoute => ({
  kind: "environment",
  http: http === "" ? undefined : new Secret(http),
  https: https === "" ? undefined : new Secret(https),
  except,
});
const chosen = (route: ProxyRoute, url: string): string | undefined => proxyFor(route, new URL(url))?.reveal();

test("without a proxy all is direct, and one that was given is for everything", () => {
  expect(chosen({ kind: "direct" }, "wss://a.test")).toBeUndefined();
  expect(chosen({ kind: "proxy", url: new Secret("http://p.test") }, "ws://localhost")).toBe("http://p.test");
});

test("wss goes by HTTPS_PROXY, ws by HTTP_PROXY", () => {
  expect(chosen(environment(""), "wss://a.test")).toBe("http://secure.test");
  expect(chosen(environment(""), "https://a.test")).toBe("http://secure.test");
  expect(chosen(environment(""), "ws://a.test")).toBe("http://plain.test");
  expect(chosen(environment("", ""), "ws://a.test")).toBeUndefined();
});

const excepts = [
  "*",
  " * ",
  "none.invalid,*",
  "*:443",
  "*:80",
  "a.test",
  "A.TEST",
  "a.test.",
  ".a.test",
  "*.a.test",
  "x.a.test other.test",
  "a.test:443",
  "a.test:8443",
  "test",
  "::1",
  "[::1]",
  "[::1]:443",
  "[::1]:8443",
  "127.0.0.1",
  "127.0.0.1:8443",
  "b-a.test",
  ",,",
  "",
];
const hosts = ["a.test", "x.a.test", "b-a.test", "a.test.", "127.0.0.1", "[::1]", "other.test"];

/** Whether undici reaches the origin directly: with the connector that it was given, and not with that of a tunnel. */
function isDirectForUndici(except: string, origin: string): boolean {
  const own = (): void => undefined;
  let isDirect: boolean | undefined;
  const options = {
    httpProxy: "http://plain.test",
    httpsProxy: "http://secure.test",
    noProxy: except,
    proxyTunnel: true,
    connect: own,
    factory: (_origin: unknown, { connect }: { connect: unknown }) => {
      isDirect = connect === own;
      throw new Error("no more is needed");
    },
  };
  const agent = new EnvHttpProxyAgent(options);
  try {
    agent.dispatch({ origin, path: "/", method: "GET" }, { onResponseError: () => undefined });
  } catch {
    // The factory's.
  }
  if (isDirect === undefined) throw new Error("undici made no pool");
  return isDirect;
}

describe.each(excepts)("NO_PROXY=%j", (except) => {
  test.each(hosts.flatMap((host) => [`https://${host}`, `https://${host}:8443`, `http://${host}`]))(
    "%s goes the way that it goes in undici",
    (origin) => {
      const isDirect = chosen(environment(except), origin.replace(/^http/, "ws")) === undefined;
      expect(isDirect).toBe(isDirectForUndici(except, origin));
    },
  );
});

test("the comparison sees both ways", () => {
  expect([isDirectForUndici("a.test", "https://a.test"), isDirectForUndici("", "https://a.test")]).toEqual([
    true,
    false,
  ]);
});
