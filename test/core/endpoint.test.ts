import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BaseUrl, endpointProblem, joinPath, readBaseUrl } from "../../src/core/endpoint.ts";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { OptionReader } from "../../src/core/options.ts";

const otherOrigin = "must be a path below the base URL, not a URL of its own: another origin is another service";
const unencoded = "must not contain spaces, control characters or backslashes: encode them";
const dots = 'must not contain "." or ".." segments: it could leave the base';

describe("an endpoint may not leave its base", () => {
  test.each(["//evil.example", "///evil.example", "http://x", "https://x/y", "HTTP:x", "javascript:x", "a+b.c-d:x"])(
    "%j is a URL of its own",
    (endpoint) => {
      expect(endpointProblem(endpoint)).toBe(otherOrigin);
    },
  );

  test.each([
    "..",
    ".",
    "../x",
    "/../x",
    "./x",
    "x/..",
    "x/.",
    "a/../../b",
    "%2e%2e/x",
    "%2E%2e",
    ".%2E",
    "%2e./x",
    "/a/.%2e/b",
    "/a/%2e/b",
    "/a/..?x=1",
    "/a/..%2fb",
    "/a/..%2F..%2Fadmin",
    "/a%2f..%2fb",
    "/a%5c..%5Cb",
    "/a/..%5cb",
  ])("%j would climb, for us or for a server that decodes it", (endpoint) => {
    expect(endpointProblem(endpoint)).toBe(dots);
  });

  test.each([
    "\\evil",
    "/\\evil",
    "/a\\..\\b",
    "/a b",
    "/a\r\nHost: evil",
    "/a\nb",
    "/a\u0000b",
    "/a\tb",
    "/a\u007fb",
    " /a",
  ])("%j is not encoded", (endpoint) => {
    expect(endpointProblem(endpoint)).toBe(unencoded);
  });

  test("a query is no way around it", () => {
    expect(endpointProblem("/a?b=\r\nHost: evil")).toBe(unencoded);
  });

  test.each(["/a#b", "#", "/a?b#c"])("%j has a fragment, which would be lost", (endpoint) => {
    expect(endpointProblem(endpoint)).toBe("must not have a fragment: it would not be sent");
  });
});

test.each([
  "",
  "/",
  "payments",
  "/payments/1",
  "/v1/a:b",
  "a/b:c",
  "a.b/..c",
  "/...",
  "/a..",
  "/.well-known/x",
  "/a/..b/c..",
  "/%2e%2ea",
  "/a%2Fb",
  "/a%2F..b",
  "/a//b",
  "/ü/ß",
  "?page=2",
  "?next=http://x/../y",
  "/a?next=//evil/../y&z=..",
  "/a?x=%2e%2e/",
])("%j stays below its base", (endpoint) => {
  expect(endpointProblem(endpoint)).toBeUndefined();
});

test("whatever has no problem has the origin of its base, and a path below that of its base", () => {
  const piece = fc.constantFrom(
    "..",
    ".",
    "%2e",
    "%2E.",
    "/",
    "//",
    "\\",
    "a",
    ":",
    "?",
    "#",
    "@",
    "http",
    "evil.example",
    " ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.constantFrom("", "/v1"), (pieces, basePath) => {
      const endpoint = pieces.join("");
      fc.pre(endpointProblem(endpoint) === undefined);
      const url = new URL(`https://api.example${joinPath(basePath, endpoint)}`);
      expect(url.origin).toBe("https://api.example");
      expect(`${url.pathname}/`.startsWith(`${basePath}/`)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

describe("base and endpoint are joined", () => {
  test.each([
    ["", "", "/"],
    ["/v1", "", "/v1"],
    ["", "a", "/a"],
    ["", "/a", "/a"],
    ["/v1", "a", "/v1/a"],
    ["/v1", "/a", "/v1/a"],
    ["/v1", "/", "/v1/"],
    ["", "?q=1", "/?q=1"],
    ["/v1", "?q=1", "/v1?q=1"],
  ])("%j and %j are %j", (base, endpoint, joined) => {
    expect(joinPath(base, endpoint)).toBe(joined);
  });
});

describe("a base URL", () => {
  const read = (baseUrl: unknown, schemes: readonly string[] = ["https:", "http:"]): BaseUrl => {
    const reader = new OptionReader("payments", { baseUrl });
    const base = readBaseUrl(reader, "baseUrl", schemes);
    reader.finish();
    return base;
  };
  const problemsOf = (baseUrl: unknown, schemes?: readonly string[]): readonly string[] => {
    try {
      read(baseUrl, schemes);
    } catch (error) {
      if (isServiceConfigurationError(error)) return error.problems;
    }
    return [];
  };

  test.each([
    ["https://api.example", "https://api.example", ""],
    ["https://api.example/", "https://api.example", ""],
    ["HTTPS://API.example:443/v1//", "https://api.example", "/v1"],
    ["http://[::1]:8080/a/b", "http://[::1]:8080", "/a/b"],
    ["https://api.example/a/../b", "https://api.example", "/b"],
  ])("%s has the origin %s and the path %j", (text, origin, path) => {
    expect(read(text)).toEqual({ origin, path });
    expect(read(new URL(text))).toEqual({ origin, path });
  });

  test("is required", () => {
    expect(problemsOf(undefined)).toEqual([
      "baseUrl is required: an absolute URL that starts with https:// or http://",
    ]);
  });

  test.each(["", "api.example", "/v1", "ftp://api.example", "ws://api.example", "https://", 7, null, {}])(
    "%j is none",
    (value) => {
      expect(problemsOf(value)).toEqual(["baseUrl must be an absolute URL that starts with https:// or http://"]);
    },
  );

  test("of a scheme that another kind of service has is none", () => {
    expect(problemsOf("https://api.example", ["wss:"])).toEqual([
      "baseUrl must be an absolute URL that starts with wss://",
    ]);
    expect(read("wss://feed.example/x", ["wss:"])).toEqual({ origin: "wss://feed.example", path: "/x" });
  });

  test("may hold neither credentials nor a query nor a fragment, all told at once and none of them shown", () => {
    const problems = problemsOf("https://admin:hunter2@api.example/?token=hunter2#hunter2");
    expect(problems).toEqual([
      "baseUrl must not contain a user name or password: give them as apiKey, or as a header",
      "baseUrl must not have a query or a fragment",
    ]);
  });
});
