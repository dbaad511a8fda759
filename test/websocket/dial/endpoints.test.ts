import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { ServiceConfigurationError } from "../../../src/core/errors.ts";
import { OptionReader } from "../../../src/core/options.ts";
import {
  endpointFor,
  type Endpoints,
  knownCount,
  readEndpoints,
  turnKey,
} from "../../../src/websocket/dial/endpoints.ts";
import type { AttemptContext } from "../../../src/websocket/dial/per-attempt.ts";
import { thrownBy } from "../peer.ts";

const about = { service: "feed", operation: "/" };
const attempt = (endpoint = 0): AttemptContext => ({
  attempt: 1,
  endpoint,
  isRenewed: false,
  signal: new AbortController().signal,
});

function read(options: object): { readonly endpoints: Endpoints; readonly path: string } {
  const reader = new OptionReader("feed", options);
  const result = readEndpoints(reader);
  reader.finish();
  return result;
}

function problemsOf(options: object): readonly string[] {
  try {
    read(options);
  } catch (error) {
    return (error as ServiceConfigurationError).problems;
  }
  return [];
}

const dialed = (options: object, endpoint = 0) => endpointFor(about, read(options).endpoints, attempt(endpoint));

describe("baseUrl and endpoint", () => {
  test.each([
    [{ baseUrl: "wss://a.example" }, "wss://a.example/", "/"],
    [{ baseUrl: "https://a.example/v1/", endpoint: "/stream?x=1" }, "wss://a.example/v1/stream?x=1", "/v1/stream"],
    [{ baseUrl: new URL("http://localhost:81"), endpoint: "feed" }, "ws://localhost:81/feed", "/feed"],
    [{ baseUrl: "ws://[::1]:8080", endpoint: "?a=b" }, "ws://[::1]:8080/?a=b", "/"],
  ])("%j is %s", async (options, url, path) => {
    expect(read(options).path).toBe(path);
    expect(await dialed(options)).toMatchObject({ url, count: 1 });
  });

  test("an endpoint may be computed for each attempt, and stays below the base", async () => {
    const options = { baseUrl: "wss://a.example/v1", endpoint: ({ attempt: n }: AttemptContext) => `/s?token=t${n}` };
    expect(read(options).path).toBe("/v1");
    expect(await dialed(options)).toEqual({
      url: "wss://a.example/v1/s?token=t1",
      shown: "wss://a.example/v1/s",
      count: 1,
    });
  });

  test.each([["//evil.example"], ["/../admin"], ["wss://evil.example"], ["/a#b"], ["/a b"], [7], [undefined]])(
    "a computed endpoint %j is an error that does not show it",
    async (endpoint) => {
      const error = await thrownBy(dialed({ baseUrl: "wss://a.example/v1", endpoint: () => endpoint }));
      expect(error).toMatchObject({ code: "configuration-invalid" });
      expect(inspect(error)).not.toContain("evil");
    },
  );
});

describe("endpoints", () => {
  const urls = ["wss://a.example/x", "https://b.example:8443/y?k=s3cr3t", "ws://c.example"];

  test("are taken in turn, and begin anew after the last", async () => {
    const all = await Promise.all([0, 1, 2, 3].map((endpoint) => dialed({ endpoints: urls }, endpoint)));
    expect(all.map(({ url }) => url)).toEqual([
      "wss://a.example/x",
      "wss://b.example:8443/y?k=s3cr3t",
      "ws://c.example/",
      "wss://a.example/x",
    ]);
    expect(all[1]).toMatchObject({ shown: "wss://b.example:8443/y", count: 3 });
    expect(read({ endpoints: urls }).path).toBe("/x");
  });

  test("may be computed for each attempt", async () => {
    const options = { endpoints: async () => urls };
    expect(await dialed(options, 4)).toMatchObject({ shown: "wss://b.example:8443/y", count: 3 });
    expect([
      read(options).path,
      knownCount(read(options).endpoints),
      knownCount(read({ endpoints: urls }).endpoints),
    ]).toEqual(["/", undefined, 3]);
  });

  test("that are changed after they were checked stay as they were", async () => {
    const own = [...urls];
    const { endpoints } = read({ endpoints: own });
    own[0] = "ftp://x";
    expect(await endpointFor(about, endpoints, attempt())).toMatchObject({ url: "wss://a.example/x" });
  });

  test.each<[unknown, string]>([
    [[], "endpoints must name at least one URL"],
    ["wss://a.example", "endpoints must be an array of URLs, or a function that makes one"],
    [["ftp://a.example"], "endpoints[0] must be a URL that starts with wss:// or ws://"],
    [["wss://a.example", "/b?k=s3cr3t"], "endpoints[1] must be a URL that starts with wss:// or ws://"],
    [["wss://a.example", 7], "endpoints[1] must be a URL that starts with wss:// or ws://"],
    [
      ["wss://user:s3cr3t@a.example"],
      "endpoints[0] must not contain a user name or password: give them as apiKey, auth, or a header",
    ],
    [["wss://a.example/#s3cr3t"], "endpoints[0] must not have a fragment: it would not be sent"],
  ])("%j is the same problem, given or computed, and shows no secret", async (endpoints, problem) => {
    expect(problemsOf({ endpoints })).toEqual([problem]);
    const error = await thrownBy(dialed({ endpoints: () => endpoints }));
    expect(error).toMatchObject({ code: "configuration-invalid", problems: [problem] });
    expect(inspect(error)).not.toContain("s3cr3t");
  });
});

test("one of both ways is needed, and no more than one", () => {
  expect(problemsOf({})).toEqual([
    "baseUrl is required, a URL that starts with wss:// or ws://; or endpoints, a list of whole URLs",
  ]);
  expect(problemsOf({ endpoints: ["ws://a"], baseUrl: "ws://a", endpoint: "/x" })).toEqual([
    "endpoints and baseUrl are both given: endpoints are whole URLs, and need no other",
    "endpoints and endpoint are both given: endpoints are whole URLs, and need no other",
  ]);
});

test("credentials in a base URL are a problem that does not show them", () => {
  const problems = problemsOf({ baseUrl: "wss://user:s3cr3t@a.example" });
  expect(problems).toHaveLength(1);
  expect(problems.join()).toContain("must not contain a user name or password");
  expect(problems.join()).not.toContain("s3cr3t");
});

test("turns are shared by those who dial the same host and port, whatever the path", () => {
  const key = (options: object, endpoint = 0): string => turnKey("feed", read(options).endpoints, endpoint);
  expect(key({ baseUrl: "wss://a.example", endpoint: () => "/x" })).toBe("a.example:443");
  expect(key({ baseUrl: "http://a.example/v1" })).toBe("a.example:80");
  expect(key({ endpoints: ["wss://a.example/x", "ws://b.example:81"] }, 3)).toBe("b.example:81");
  expect(key({ endpoints: () => ["wss://a.example"] })).toBe("streams named feed");
});
