import { inspect } from "node:util";
import { expect, test } from "vitest";
import { CredentialsError } from "../../../src/core/auth/credentials-error.ts";
import { checkedCredentials, withQuery } from "../../../src/core/auth/given-credentials.ts";

test("credentials are handed on whole", () => {
  const given = { headers: { a: "1" }, note: "of the provider's own" };
  expect(checkedCredentials(given, "the auth provider x")).toEqual({
    headers: { a: "1" },
    query: {},
    isSignature: false,
  });
});

test.each([[undefined], [null], ["s3cr3t"], [{ headers: { "x y": "s3cr3t" } }], [{ query: { a: 1 } }]])(
  "%j is refused by name of who gave it, and shows no value",
  (given) => {
    let thrown: unknown;
    try {
      checkedCredentials(given, "the auth provider x");
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CredentialsError);
    expect(thrown).toMatchObject({ kind: "permanent" });
    expect(inspect(thrown)).toContain("the auth provider x gave");
    expect(inspect(thrown)).not.toContain("s3cr3t");
  },
);

test.each<[string, Record<string, string> | undefined, string]>([
  ["/x", undefined, "/x"],
  ["/x", {}, "/x"],
  ["/x", { key: "a b&c" }, "/x?key=a%20b%26c"],
  ["/x?a=1", { key: "k" }, "/x?a=1&key=k"],
  ["/x?key=mine", { key: "k", b: "2" }, "/x?key=mine&b=2"],
  ["/x?key=mine", { key: "k" }, "/x?key=mine"],
])("%s with the parameters %j is %s", (path, query, expected) => {
  expect(withQuery(path, query)).toBe(expected);
});
