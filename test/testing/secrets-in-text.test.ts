import { describe, expect, test } from "vitest";
import { isSecretField, isSecretName } from "../../src/core/redact.ts";
import { secretsInText } from "../../src/testing/secrets-in-text.ts";

const names = { field: isSecretField, parameter: isSecretName };
const valuesIn = (text: string): string[] => secretsInText(text, names).map(({ value }) => value);
const jwt = `eyJ${"a".repeat(20)}.eyJ${"b".repeat(20)}.${"c".repeat(20)}`;

describe("a text shows what is a credential", () => {
  test.each<[string, string, string[]]>([
    ["a field of JSON", '{"n": 1.0, "password" : "hunter2"}', ["hunter2"]],
    ["one with an escaped quote", String.raw`{"password":"hun\"ter2","a":"b"}`, ['hun"ter2']],
    ["one whose JSON breaks off", '{"access_token":"abcdef', ["abcdef"]],
    ["a number", '{"pin": 1, "passcode": 4711}', ["4711"]],
    ["JSON within JSON", String.raw`{"body":"{\"password\":\"hunter2\",\"a\":\"b\"}"}`, ["hunter2"]],
    ["an event", 'event: login\ndata: {"token":"hunter2"}\n\n', ["hunter2"]],
    ["a form", "user=ada&client_secret=hunter%202&scope=all", ["hunter 2"]],
    ["a form whose first field it is", "password=hunter2&code=7", ["hunter2"]],
    ["a line of an environment", "HOST=a\nAPI_KEY=hunter2\n", ["hunter2"]],
    ["a line of YAML", "user: ada\n  password: hunter2\r\n", ["hunter2"]],
    ["an attribute", '<user name="ada" password="hunter2"/>', ["hunter2"]],
    ["an element", "<a:SecretAccessKey xmlns:a='x'>hunter2</a:SecretAccessKey>", ["hunter2"]],
    [
      "a part of multipart",
      '--b\r\nContent-Disposition: form-data; name="password"\r\nContent-Type: text/plain\r\n\r\nhun\r\nter2\r\n--b--\r\n',
      ["hun\r\nter2"],
    ],
    ["a signed URL", '{"url":"https://s3.test/a?page=1&X-Amz-Signature=abc&b=c"}', ["abc"]],
    ["one of HTML or XML", "<a href='https://s3.test/a?page=1&amp;Signature=abc&amp;b=c'>", ["abc"]],
    ["one of JSON that Go wrote", String.raw`{"url":"https://s3.test/a?page=1\u0026sig=abc\u0026b=c"}`, ["abc"]],
    ["a URL with a token in its fragment", "https://a.test/cb#access_token=abc&state=x", ["abc"]],
    ["a URL with a password", "postgres://ada:hunter2@db.test/x", ["hunter2"]],
    ["a JSON web token", `{"data":"${jwt}"}`, [jwt]],
    ["a private key", "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", ["\nabc\n"]],
    ["an example of a request", "curl -H 'authorization: Bearer abc123def456'", ["abc123def456"]],
    ["a key that says so", "your key ghp_0123456789abcdef0123 expires", ["ghp_0123456789abcdef0123"]],
  ])("%s", (_what, text, values) => {
    expect(valuesIn(text)).toEqual(values);
  });

  test.each([
    '{"page_token":"abc","nextToken":"abc","code":"ok","token_type":"bearer"}',
    "password: must have 8 characters",
    "use basic authentication, or a Bearer token",
    "page=2&code=7",
    "https://a.test/?page=2#top",
    "https://a.test:8080/a@b",
    "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----",
    "<password/><a>b</a>",
    '{"monkey": 1, "max_tokens": 5}',
  ])("but not in %s", (text) => {
    expect(valuesIn(text)).toEqual([]);
  });

  test("one that is found in two ways is one", () => {
    const text = `{"access_token":"${jwt}","a":"b"}`;
    expect(secretsInText(text, names)).toEqual([{ start: 17, end: 17 + jwt.length, value: jwt, isBare: false }]);
  });
});

test.each([
  'name="a"\r\n',
  "- ",
  "-",
  "a.",
  "eyJaaaaaa-",
  "token ++",
  '\\"a\\":',
  "-----BEGIN PRIVATE KEY-----",
  "<a ",
  "?a&",
])("a long text of %j is read through in a moment", (piece) => {
  const startedAt = performance.now();
  valuesIn(piece.repeat(100_000));
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
