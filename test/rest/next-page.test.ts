import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endpointOfLink, nextPage, nextProblem, type NextStrategy, type Page } from "../../src/rest/next-page.ts";
import type { ServiceResponse } from "../../src/rest/response.ts";

const page = (more: Partial<Page<unknown, number>> = {}, link?: string): Page<unknown, number> => ({
  number: 1,
  body: {},
  items: [1, 2],
  response: { headers: { link } } as unknown as ServiceResponse,
  ...more,
});
const after = (next: NextStrategy<never, number>, of = page(), params = {}, items = 2): unknown =>
  nextPage(next as NextStrategy<unknown, number>, of, { params, items });

describe("the next page", () => {
  test("by link is that of rel=next", () => {
    expect(after("link", page({}, "</a>; rel=prev, </b?page=2>; rel=next"))).toEqual({ url: "/b?page=2" });
    expect(after("link")).toBeUndefined();
  });

  test("by cursor goes beside the other parameters", () => {
    const next = { cursor: ({ body }: Page<{ after: unknown }, number>) => body.after as string };
    expect(after(next, page({ body: { after: "c2" } }), { q: "x" })).toEqual({ params: { q: "x", cursor: "c2" } });
    expect(after({ ...next, param: "starting_after" }, page({ body: { after: 7 } }))).toEqual({
      params: { starting_after: 7 },
    });
  });

  test.each([undefined, null, ""])("by cursor is none where the cursor is %j", (cursor) => {
    expect(after({ cursor: () => cursor })).toBeUndefined();
  });

  test("by number counts from what was asked for, or from 1", () => {
    expect(after({ page: "page" })).toEqual({ params: { page: 2 } });
    expect(after({ page: "page", first: 0 }, page({ number: 3 }))).toEqual({ params: { page: 3 } });
    expect(after({ page: "p" }, page({ number: 2 }), { p: "5" })).toEqual({ params: { p: 7 } });
  });

  test("by offset counts the items that came", () => {
    expect(after({ offset: "skip" }, page(), {}, 5)).toEqual({ params: { skip: 5 } });
    expect(after({ offset: "skip" }, page(), { skip: 100 }, 5)).toEqual({ params: { skip: 105 } });
  });

  test.each([{ page: "page" }, { offset: "offset" }])(
    "by %j ends with an empty page, or with one that is not full",
    (next) => {
      expect(after(next, page({ items: [] }))).toBeUndefined();
      expect(after({ ...next, size: 3 })).toBeUndefined();
      expect(after({ ...next, size: 2 })).toBeDefined();
    },
  );

  test.each([
    ["nothing", null],
    ["a word", "links"],
    ["an empty object", {}],
    ["a cursor that is no function", { cursor: "c" }],
    ["an empty name", { page: "" }],
    ["half a page", { page: "p", first: 0.5 }],
    ["a size below 0", { offset: "o", size: -1 }],
  ])("cannot be found by %s", (_kind, next) => {
    expect(nextProblem(next)).toMatch(/^next must be "link"/);
  });
});

describe("a link", () => {
  const base = { origin: "https://api.test", path: "/v1" };
  const followed = (url: string, current = "/items"): unknown => endpointOfLink(url, base, current);

  test.each([
    ["https://api.test/v1/items?page=2", "/items?page=2"],
    ["/v1/items?page=2", "/items?page=2"],
    ["?page=2", "/items?page=2"],
    ["items?page=2", "/items?page=2"],
    ["//api.test/v1/items", "/items"],
    ["https://API.test:443/v1/items#part", "/items"],
    ["/v1?page=2", "?page=2"],
    ["?filter={a}", "/items?filter=%7Ba%7D"],
  ])("%s is followed as %s", (url, endpoint) => {
    expect(followed(url)).toEqual({ endpoint });
  });

  test.each([
    ["http://api.test/v1/items", "another scheme"],
    ["https://api.test:8443/v1/items", "another port"],
    ["https://evil.test/v1/items", "another host"],
    ["//evil.test/v1/items", "another host without a scheme"],
    ["https://api.test@evil.test/v1/items", "a user name that looks like the host"],
    ["/v2/items", "another base"],
    ["/v1evil/items", "a base that only begins alike"],
    ["/v1/../admin", "a climb"],
    ["/v1/%2e%2e/admin", "an encoded climb"],
    ["/v1/..%2fadmin", "a climb that the service would decode"],
    ["javascript:alert(1)", "no place at all"],
    ["https://", "no URL"],
  ])("%s is not followed: %s", (url) => {
    expect(followed(url)).toHaveProperty("problem");
  });

  test("that is refused is shown by its origin alone", () => {
    expect(JSON.stringify(followed("https://evil.test/v1?token=sk_live"))).not.toContain("sk_live");
  });

  test("of any text stays below the base, or is not followed", () => {
    const piece = fc.constantFrom(
      "/",
      "v1",
      "..",
      "%2e",
      ".",
      "a",
      "?",
      "#",
      "\\",
      "https:",
      "//",
      "api.test",
      "{",
      "@",
      " ",
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const url = pieces.join("");
        const found = endpointOfLink(url, base, "/items");
        if ("problem" in found) return;
        const { origin, pathname } = new URL(`${base.origin}${base.path}${found.endpoint}`);
        expect(origin).toBe(base.origin);
        expect(`${pathname}/`.startsWith(`${base.path}/`)).toBe(true);
      }),
    );
  });
});
