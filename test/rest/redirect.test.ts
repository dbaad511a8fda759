import { describe, expect, test } from "vitest";
import { decideRedirect, firstHop, type Hop, type RedirectRules } from "../../src/rest/redirect.ts";

const rules: RedirectRules = {
  maxRedirects: 5,
  isReplayable: true,
  isBoundToOrigin: false,
  queryCredentials: undefined,
  isSigned: false,
};

const headers = {
  accept: "application/json",
  authorization: "Bearer sk_1",
  "content-type": "application/json",
  cookie: "session=1",
  "idempotency-key": "k",
  "user-agent": "hawser",
  "x-api-key": "sk_2",
  "x-amz-security-token": "sk_3",
  "x-tenant": "a",
};

const origin = "https://api.test";
const request = { method: "POST", path: "/v1/payments?a=1", headers, body: { contentType: "application/json" } };
const start = (more: Partial<typeof request> = {}): Hop => firstHop(origin, { ...request, ...more });

function follow(status: number, location: string, from: Hop = start(), more: Partial<RedirectRules> = {}): Hop {
  const decision = decideRedirect(from, { status, headers: { location } }, { ...rules, ...more });
  if (decision?.kind !== "follow") throw new Error("it is not followed", { cause: decision });
  return decision.hop;
}

function problem(
  status: number,
  location: string | string[],
  from: Hop = start(),
  more: Partial<RedirectRules> = {},
): string {
  const decision = decideRedirect(from, { status, headers: { location } }, { ...rules, ...more });
  if (decision?.kind !== "refuse") throw new Error("it is not refused", { cause: decision });
  return decision.problem;
}

describe("method and body", () => {
  test.each([
    ["POST", 301, "GET"],
    ["POST", 302, "GET"],
    ["POST", 303, "GET"],
    ["POST", 307, "POST"],
    ["POST", 308, "POST"],
    ["PUT", 301, "PUT"],
    ["PUT", 302, "PUT"],
    ["PUT", 303, "GET"],
    ["DELETE", 303, "GET"],
    ["GET", 301, "GET"],
    ["GET", 303, "GET"],
    ["HEAD", 303, "HEAD"],
    ["PATCH", 307, "PATCH"],
  ])("of a %s after %i: %s", (method, status, expected) => {
    const hop = follow(status, "/elsewhere", start({ method }));
    expect(hop.method).toBe(expected);
    const isRewritten = method !== expected;
    expect(hop.isRewritten).toBe(isRewritten);
    expect(hop.hasBody).toBe(!isRewritten);
    expect("content-type" in hop.headers).toBe(!isRewritten);
  });

  test("a body that cannot be sent again is an error where it would have to be, and only there", () => {
    const once = { isReplayable: false };
    expect(problem(307, "/x", start(), once)).toContain("a stream that can be read once: give a function");
    expect(follow(303, "/x", start(), once).hasBody).toBe(false);
    expect(follow(307, "/x", firstHop(origin, { ...request, body: { contentType: undefined } }), once).path).toBe("/x");
  });
});

describe("headers", () => {
  test("all go along within the origin", () => {
    expect(follow(307, "/x").headers).toBe(headers);
  });

  test.each([
    ["another host", "https://other.test/x"],
    ["another port", "https://api.test:8443/x"],
    ["a subdomain", "https://eu.api.test/x"],
    ["a URL without a scheme", "//other.test/x"],
  ])("to %s, none goes along but what is harmless", (_where, location) => {
    expect(follow(307, location).headers).toEqual({
      accept: "application/json",
      "content-type": "application/json",
      "user-agent": "hawser",
    });
  });

  test("that were dropped do not come back with the origin", () => {
    const away = follow(307, "https://other.test/x");
    expect(follow(307, "https://api.test/y", away).headers).not.toHaveProperty("authorization");
  });
});

describe("where to", () => {
  test("is resolved against the hop before it, and has no fragment", () => {
    const hop = follow(302, "../b?c=1#d");
    expect([hop.origin, hop.path]).toEqual([origin, "/b?c=1"]);
    const away = follow(302, "https://other.test/a/b");
    expect(follow(302, "c", away)).toMatchObject({ origin: "https://other.test", path: "/a/c" });
  });

  test("from https is never http; from http it may be https", () => {
    expect(problem(302, "http://api.test/x?token=sk_1")).toContain("from https to http://api.test");
    const plain = firstHop("http://api.test", request);
    expect(follow(302, "https://api.test/x", plain).origin).toBe("https://api.test");
  });

  test.each([
    ["another scheme", "ftp://api.test/x?token=sk_1", "leads away from HTTP"],
    ["a script", "javascript:alert(1)", "leads away from HTTP"],
    ["no URL", "https://[x", "is not a valid URL"],
    ["credentials", "https://sk_1:pw@api.test/", "holds credentials"],
    ["several places", ["/a", "/b"], "names several places"],
  ])("that is %s is an error", (_what, location, text) => {
    const message = problem(302, location);
    expect(message).toContain(text);
    expect(message).not.toContain("sk_1");
  });

  test("the same place named twice is one place", () => {
    const decision = decideRedirect(start(), { status: 302, headers: { location: ["/a", "/a"] } }, rules);
    expect(decision?.kind).toBe("follow");
  });

  test("is the service's own origin where all connections lead to a socket", () => {
    const bound = { isBoundToOrigin: true };
    expect(follow(302, "/x", start(), bound).path).toBe("/x");
    expect(problem(302, "https://other.test/", start(), bound)).toContain("socketPath");
  });
});

describe("an end", () => {
  test("is a loop, told with the origin alone", () => {
    const there = follow(302, "/login?token=sk_1", start({ method: "GET" }));
    const message = problem(302, "/v1/payments?a=1", there);
    expect(message).toBe(
      "the service answered 302, a redirect that is not followed: " +
        "it leads back to where it came from, at https://api.test: a loop",
    );
  });

  test("is no loop where a POST comes back as a GET", () => {
    expect(follow(303, "/v1/payments?a=1").method).toBe("GET");
  });

  test("is one redirect too many", () => {
    let hop = start();
    for (let i = 0; i < 2; i++) hop = follow(302, `/${i}?token=sk_1`, hop, { maxRedirects: 2 });
    const message = problem(302, "/2?token=sk_1", hop, { maxRedirects: 2 });
    expect(message).toContain("one more than maxRedirects (2), and leads to https://api.test");
    expect(message).not.toContain("sk_1");
  });
});

describe("no redirect", () => {
  test.each([
    [300, "/x", 5],
    [304, "/x", 5],
    [305, "/x", 5],
    [200, "/x", 5],
    [302, undefined, 5],
    [302, "/x", 0],
  ])("is %i with location %s and %i allowed", (status, location, maxRedirects) => {
    const answer = { status, headers: { location } };
    expect(decideRedirect(start(), answer, { ...rules, maxRedirects })).toBeUndefined();
  });
});
