import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { bearer } from "../../../src/rest/auth/bearer.ts";
import { apiKeyHeader, apiKeyQuery, basic } from "../../../src/rest/auth/fixed.ts";
import type { AuthProvider } from "../../../src/core/auth/provider.ts";
import { refusalOf } from "../../support/configuration.ts";
import { httpServer } from "../../support/http-server.ts";
import { logbook, startedPayments } from "../../support/rest-client.ts";

const line = "must be a Secret or a string that is not empty";

test.each<[string, AuthProvider, Record<string, string>]>([
  ["bearer", bearer("t"), { authorization: "Bearer t" }],
  ["bearer with a Secret", bearer(new Secret("t")), { authorization: "Bearer t" }],
  ["basic, in UTF-8", basic("Aladdin", "öpen:sesame"), { authorization: "Basic QWxhZGRpbjrDtnBlbjpzZXNhbWU=" }],
  ["basic without a password", basic("key", ""), { authorization: "Basic a2V5Og==" }],
  ["apiKeyHeader", apiKeyHeader("X-Api-Key", "k"), { "x-api-key": "k" }],
])("%s goes with every call, and with the health check", async (_name, auth, headers) => {
  await using server = await httpServer();
  await using service = await startedPayments(server, { auth });
  await service.get("/x");
  await service.postJson("/x", { json: {} });
  await service.checkHealth();
  expect(server.requests).toMatchObject([{ headers }, { headers }, { headers }]);
});

describe("apiKeyQuery", () => {
  test.each([
    ["/x", "/x?api%20key=a%26b"],
    ["/x?a=1", "/x?a=1&api%20key=a%26b"],
  ])("adds to %s and makes %s", async (endpoint, url) => {
    await using server = await httpServer();
    await using service = await startedPayments(server, { auth: apiKeyQuery("api key", "a&b") });
    await service.get(endpoint);
    expect(server.requests).toMatchObject([{ url }]);
  });

  test("gives way to the parameter of a call", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server, { auth: apiKeyQuery("key", "ours") });
    await service.get("/x", { params: { key: "theirs" } });
    expect(server.requests).toMatchObject([{ url: "/x?key=theirs" }]);
  });

  test("is hidden in the log, whatever its name", async () => {
    const { logger, entries } = logbook();
    await using server = await httpServer();
    await using service = await startedPayments(server, { auth: apiKeyQuery("kundennummer", "s3cr3t"), logger });
    await service.get("/x?a=1");
    expect(inspect(entries, { depth: 9 })).not.toContain("s3cr3t");
    expect(entries.find(({ message }) => message === "request")?.fields["path"]).toBe("/x?a=1&kundennummer=[redacted]");
  });
});

test("a header of a provider is hidden in the log whatever its name, also where the answer echoes it", async () => {
  const { logger, entries } = logbook();
  await using server = await httpServer((_request, response) => {
    response.setHeader("x-customer", "s3cr3t");
    response.end();
  });
  await using service = await startedPayments(server, { auth: apiKeyHeader("x-customer", "s3cr3t"), logger });
  await service.get("/x");
  expect(inspect(entries, { depth: 9 })).not.toContain("s3cr3t");
});

test.each<[string, () => AuthProvider]>([
  ["bearer", () => bearer("s3cr3t")],
  ["basic", () => basic("u", "s3cr3t")],
  ["apiKeyHeader", () => apiKeyHeader("x-key", "s3cr3t")],
  ["apiKeyQuery", () => apiKeyQuery("key", "s3cr3t")],
])("%s shows its secret neither by inspect nor in JSON", (_name, make) => {
  expect(inspect(make(), { depth: 9 })).not.toContain("s3cr3t");
  expect(JSON.stringify(make())).not.toContain("s3cr3t");
});

test.each<[string, () => unknown, string]>([
  ["bearer without a token", () => bearer(""), `token ${line}`],
  ["bearer of a variable that is not set", () => bearer(undefined as unknown as string), `token ${line}`],
  ["bearer with a line end", () => bearer("s3cr3t\n"), "must not contain CR, LF"],
  ["basic with a colon in the user", () => basic("a:b", "s3cr3t"), "user must not contain a colon"],
  ["basic with a line end", () => basic("a", "s3cr3t\n"), "must not contain control characters"],
  ["basic without a user", () => basic(5 as unknown as string, "s3cr3t"), "user must be a string"],
  ["basic of a variable that is not set", () => basic("a", undefined as unknown as string), `password ${line}`],
  ["apiKeyHeader with a bad name", () => apiKeyHeader("x key", "s3cr3t"), "is not a valid header name"],
  ["apiKeyHeader with a bad key", () => apiKeyHeader("x-key", "s3cr3t\r\n"), "must not contain CR, LF"],
  ["apiKeyQuery without a name", () => apiKeyQuery("", "s3cr3t"), "name must be the name of a query parameter"],
  ["apiKeyQuery without a key", () => apiKeyQuery("key", ""), `key ${line}`],
])("%s is refused at construction, without the value", (_what, make, problem) => {
  const error = refusalOf(make);
  expect(error.message).toContain(problem);
  expect(inspect(error)).not.toContain("s3cr3t");
});
