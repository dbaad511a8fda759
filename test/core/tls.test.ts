import { rootCertificates } from "node:tls";
import { describe, expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { OptionReader } from "../../src/core/options.ts";
import { readTls, type TlsOptions } from "../../src/core/tls.ts";

const [certificate = ""] = rootCertificates;

function read(tls: unknown): TlsOptions {
  const reader = new OptionReader("payments", { tls });
  const options = readTls(reader);
  reader.finish();
  return options;
}

function problemsOf(tls: unknown): readonly string[] {
  try {
    read(tls);
  } catch (error) {
    if (isServiceConfigurationError(error)) return error.problems;
  }
  return [];
}

test("not given, nothing of TLS is set", () => {
  expect(read(undefined)).toEqual({});
});

test("whoever is the service must prove it, unless told otherwise", () => {
  expect(read({})).toEqual({ rejectUnauthorized: true });
  expect(read({ rejectUnauthorized: false })).toEqual({ rejectUnauthorized: false });
});

test("material is handed on as it is, and an option that is undefined is not there", () => {
  const options = read({ ca: [certificate, Buffer.from(certificate)], cert: undefined, key: undefined });
  expect(options).toEqual({ ca: [certificate, Buffer.from(certificate)], rejectUnauthorized: true });
  expect(options).not.toHaveProperty("key");
});

describe("a problem now, not at the first connection", () => {
  test.each([
    ["a certificate that is none", { cert: "hunter2", key: "hunter2" }],
    [
      "a key that is none",
      { cert: certificate, key: "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----" },
    ],
    ["an authority of the wrong kind", { ca: 7 }],
  ])("is %s, of which nothing is shown", (_what, tls) => {
    const [problem, ...others] = problemsOf(tls);
    expect(problem).toMatch(/^tls\.ca, cert or key cannot be used: ./);
    expect(problem).not.toContain("hunter2");
    expect(others).toEqual([]);
  });

  test.each([
    ["a certificate without its key", { cert: certificate }, "tls.cert and tls.key go together"],
    [
      "the path of an authority",
      { ca: "/etc/ca.pem" },
      "tls.ca must hold certificates in PEM: the content of the file",
    ],
    ["one authority of several that is none", { ca: [certificate, Buffer.from("hunter2")] }, "tls.ca must hold"],
    ["no authority at all", { ca: [] }, "tls.ca must hold"],
  ])("is %s, which OpenSSL would take", (_what, tls, said) => {
    expect(problemsOf(tls)).toEqual([expect.stringContaining(said)]);
  });

  test("is an unknown option, and one of another kind", () => {
    expect(problemsOf({ rejectUnauthorised: false, rejectUnauthorized: "no" })).toEqual([
      "tls.rejectUnauthorized must be a boolean, not a string",
      "unknown option tls.rejectUnauthorised; did you mean rejectUnauthorized?",
    ]);
  });
});
