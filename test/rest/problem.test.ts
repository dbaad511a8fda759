import { describe, expect, test } from "vitest";
import { problemOf } from "../../src/rest/problem.ts";

const document = {
  type: "https://example.test/out-of-credit",
  title: "You do not have enough credit.",
  status: 403,
  detail: "Your balance is 30, and it costs 50.",
  instance: "/account/12345",
  balance: 30,
};

describe("a problem document", () => {
  test.each([
    "application/problem+json",
    "application/problem+json; charset=utf-8",
    "Application/Problem+JSON;charset=UTF-8",
    " application/problem+json ;x=y",
  ])("is one under %j, with its extensions", (type) => {
    expect(problemOf({ "content-type": type }, document)).toEqual(document);
  });

  test.each(["application/json", "application/problem+jsonx", "application/problem+json-seq", "text/problem+json", ""])(
    "is none under %j",
    (type) => {
      expect(problemOf({ "content-type": type }, document)).toBeUndefined();
    },
  );

  test.each([
    ["an array", [1]],
    ["text", "problem"],
    ["null", null],
    ["undefined", undefined],
  ])("that is %s is none", (_kind, body) => {
    expect(problemOf({ "content-type": "application/problem+json" }, body)).toBeUndefined();
  });

  test("loses the members of wrong types, and nothing else", () => {
    const wrong = { type: 5, title: ["a"], status: "403", detail: null, instance: {}, balance: "30" };
    expect(problemOf({ "content-type": "application/problem+json" }, wrong)).toEqual({ balance: "30" });
  });

  test.each([0, 99, 600, 404.5, Number.NaN])("with the status %s has none", (status) => {
    expect(problemOf({ "content-type": "application/problem+json" }, { status, title: "a" })).toEqual({ title: "a" });
  });

  test("cannot reach the prototype", () => {
    const body: unknown = JSON.parse('{"__proto__":{"title":"evil"},"title":"a"}');
    const problem = problemOf({ "content-type": "application/problem+json" }, body);
    expect(Object.getPrototypeOf(problem)).toBe(Object.prototype);
    expect(problem?.title).toBe("a");
  });
});
