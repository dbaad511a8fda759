import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { linkTarget, parseLinks } from "../../src/rest/link-header.ts";

describe("a Link header", () => {
  test("has its links in order, with their relations and parameters", () => {
    const header = '<https://api.test/items?page=2&a=b,c>; rel="next"; title="the; next, one", </first>;REL=first';
    expect(parseLinks(header)).toEqual([
      {
        target: "https://api.test/items?page=2&a=b,c",
        rels: ["next"],
        params: new Map([["title", "the; next, one"]]),
      },
      { target: "/first", rels: ["first"], params: new Map() },
    ]);
  });

  test("may come several times", () => {
    expect(linkTarget(["</a>; rel=prev", "</b>; rel=next"], "next")).toBe("/b");
  });

  test.each([
    ["several relations in one", '</b>; rel="prev Next"', "/b"],
    ["a relation without quotes", "</b>;rel=next", "/b"],
    ["spaces wherever they may be", ' , </b> \t; \t rel \t= \t"next" , ', "/b"],
    ["an escaped quote", '</a>; title="\\"; rel=next"; rel=prev, </b>; rel=next', "/b"],
    ["a parameter without a value", "</b>; crossorigin; rel=next", "/b"],
    ["empty parameters", "</b>;; ; rel=next;", "/b"],
    ["an empty target", "<>; rel=next", ""],
  ])("is read with %s", (_kind, header, target) => {
    expect(linkTarget(header, "next")).toBe(target);
  });

  test.each([
    ["is absent", undefined],
    ["is empty", ""],
    ["is no link", "next=/b"],
    ["is never closed", "</b; rel=next"],
    ["has no relation", "</b>"],
    ["has another relation", "</b>; rel=nextish"],
    ["is about another resource", '</b>; rel=next; anchor="/other"'],
    ["has the relation only the second time", "</b>; rel=prev; rel=next"],
  ])("that %s says nothing", (_kind, header) => {
    expect(linkTarget(header, "next")).toBeUndefined();
  });

  test("that breaks off holds up to there", () => {
    expect(linkTarget('</b>; rel=next, </c>; title="never closed', "next")).toBe("/b");
  });

  test("of any text is parsed in the end", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("<", ">", ";", ",", '"', "\\", "=", " ", "a", "rel") }), (text) => {
        expect(Array.isArray(parseLinks(text))).toBe(true);
      }),
    );
  });

  test("with any targets and titles is read back as it was written", () => {
    const link = fc.record({
      target: fc.string({ unit: fc.constantFrom("a", "/", "?", "&", "=", ",", ";", '"', ":", "%20") }),
      title: fc.string({ unit: fc.constantFrom("a", " ", '"', "\\", ",", ";", "<", ">", "=") }),
    });
    fc.assert(
      fc.property(fc.array(link), (links) => {
        const header = links
          .map(({ target, title }) => `<${target}>; rel=next; title="${title.replaceAll(/["\\]/g, "\\$&")}"`)
          .join(", ");
        expect(parseLinks(header).map((one) => ({ target: one.target, title: one.params.get("title") }))).toEqual(
          links,
        );
      }),
    );
  });
});
