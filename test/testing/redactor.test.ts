import { describe, expect, test } from "vitest";
import { recordedBody } from "../../src/testing/recorded-body.ts";
import { Redactor } from "../../src/testing/redactor.ts";

const none = new Set<string>();
const redactor = (values: readonly string[] = [], keep = none): Redactor =>
  new Redactor({ headers: none, query: none, fields: none, keep }, values);

/** A body as it is written, also what is within its base64. */
function written(bytes: string | Uint8Array, values: readonly string[] = [], isPart = false): string {
  const one = redactor(values);
  const body = recordedBody(Buffer.from(bytes));
  one.learnBody(body);
  const clean = one.body(body, isPart) ?? { text: "" };
  return "base64" in clean ? Buffer.from(clean.base64, "base64").toString() : JSON.stringify(clean);
}

const jwt = `eyJ${"a".repeat(20)}.eyJ${"b".repeat(20)}.${"c".repeat(20)}`;
const part = (name: string, value: string): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n--b\r\n`;

describe("no secret stays in a body", () => {
  test.each<[string, string | Uint8Array]>([
    ["keys of AWS in JSON", '{"SecretAccessKey":"hunter2","SessionToken":"hunter22","AccessKeyId":"AKIA"}'],
    ["keys of AWS in XML", "<R><SecretAccessKey>hunter2</SecretAccessKey><SessionToken>hunter2</SessionToken></R>"],
    ["a signed URL in JSON", '{"upload":"https://s3.test/a?X-Amz-Date=1&X-Amz-Signature=hunter2"}'],
    ["a token of another name", '{"apiToken":"hunter2","bot_token":"hunter2","x":{"sessionId":"hunter2"}}'],
    ["JSON that is not written back the same", '{"n":1.0,"password":"hunter2"}'],
    ["and holds a credential of several parts", '{"n":1.0,"credentials":["hunter2"]}'],
    ["JSON within JSON", JSON.stringify({ body: JSON.stringify({ password: "hunter2" }) })],
    ["a part of multipart", part("password", "hunter2")],
    ["a part of multipart beside a file", `${part("password", "hunter2")}${part("file", "\0\0")}`],
    ["a body that breaks off within it", '{"access_token":"hunter2'],
  ])("%s", (_what, bytes) => {
    expect(written(bytes)).not.toContain("hunter2");
    expect(written(bytes)).toContain("[redacted]");
  });

  test("a JSON web token under any name", () => {
    expect(written(JSON.stringify({ data: `it is ${jwt}` }))).toBe('{"json":{"data":"it is [redacted]"}}');
  });

  test("a number is replaced by a text where JSON is text", () => {
    expect(written('{"n":1.0,"passcode":4711}')).toBe(String.raw`{"text":"{\"n\":1.0,\"passcode\":\"[redacted]\"}"}`);
  });

  test("but the place of a page, and a word, do", () => {
    const body = { nextPageToken: "abcdefgh", code: "ok", note: "password: must be long" };
    expect(written(JSON.stringify(body))).toBe(JSON.stringify({ json: body }));
  });
});

describe("a secret that is known is found", () => {
  const secret = "pässword/1+?";
  test.each<[string, string | Uint8Array]>([
    ["in binary", Buffer.from(`\0${secret}\0`)],
    ["in a query, as a form writes it", `see ?q=${new URLSearchParams({ a: secret }).toString().slice(2)}`],
    ["encoded in lower case", encodeURIComponent(secret).toLowerCase()],
    ...["", "a", "ab", "abc"].map((before): [string, string] => [
      `within base64, after ${before.length} bytes`,
      Buffer.from(`${before}${secret}xyz`).toString("base64"),
    ]),
  ])("%s", (_what, bytes) => {
    const text = written(bytes, [secret]);
    expect(text).toContain("[redacted]");
    expect(Buffer.from(text, "base64").toString()).not.toContain("ssword");
  });

  test("at the end of a body that broke off, though not all of it is there", () => {
    expect(written("it is hunter2-and-m", ["hunter2-and-more"], true)).toBe('{"text":"it is [redacted]"}');
    expect(written("it is hunter2-and-m", ["hunter2-and-more"])).toContain("hunter2-and-m");
    expect(written("it is hunt", ["hunter2-and-more"], true)).toContain("it is hunt");
  });
});

test("in headers and paths, what shows itself is hidden", () => {
  const one = redactor();
  const headers = one.headers({
    location: "https://a.test/cb#access_token=abc&state=x",
    "x-hub-signature-256": "abc",
    "x-session-id": "abc",
    "x-goog-iap-jwt-assertion": "abc",
  });
  expect(headers).toEqual({
    location: "https://a.test/cb#access_token=[redacted]&state=x",
    "x-hub-signature-256": "[redacted]",
    "x-session-id": "[redacted]",
    "x-goog-iap-jwt-assertion": "[redacted]",
  });
  expect(one.path(`/verify/${jwt};jsessionid=abc?page=1`)).toBe("/verify/[redacted];jsessionid=[redacted]?page=1");
});

test("what is kept by its name stays, in a text and in a URL", () => {
  const one = redactor([], new Set(["token", "sig"]));
  const body = recordedBody(Buffer.from("token=abcdefgh&u=https://a.test/?sig=1"));
  one.learnBody(body);
  expect(one.body(body)).toEqual(body);
});
