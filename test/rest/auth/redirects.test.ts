import { describe, expect, test } from "vitest";
import { isServiceResponseError } from "../../../src/core/errors.ts";
import { apiKeyQuery, hmac } from "../../../src/index.ts";
import { type Answering, httpServer } from "../../support/http-server.ts";
import { failureOf, startedPayments } from "../../support/rest-client.ts";

const redirectTo =
  (location: string): Answering =>
  (request, response) => {
    if (request.url.startsWith("/from")) response.writeHead(302, { location });
    response.end();
  };

describe("a key in the query", () => {
  const auth = apiKeyQuery("api key", "k+y");

  test("goes along within the origin, though the redirect does not repeat it", async () => {
    await using server = await httpServer(redirectTo("/to?a=%20b"));
    await using service = await startedPayments(server, { auth });
    await service.get("/from", { params: { q: 1 } });
    expect(server.requests.map(({ url }) => url)).toEqual(["/from?q=1&api%20key=k%2By", "/to?a=%20b&api%20key=k%2By"]);
  });

  test("is not sent twice where the redirect does repeat it", async () => {
    await using server = await httpServer(redirectTo("/to?api+key=k%2By"));
    await using service = await startedPayments(server, { auth });
    await service.get("/from");
    expect(server.requests[1]?.url).toBe("/to?api+key=k%2By");
  });

  test("never goes to another origin, not even where the redirect hands it on", async () => {
    await using other = await httpServer();
    await using server = await httpServer(redirectTo(`${other.url}/to?a=1&api%20key=k%2By`));
    await using service = await startedPayments(server, { auth });
    await service.get("/from");
    expect(other.requests.map(({ url }) => url)).toEqual(["/to?a=1"]);
  });
});

test("a signed request is not redirected within the origin, where its signature would not hold", async () => {
  await using server = await httpServer(redirectTo("/to"));
  await using service = await startedPayments(server, { auth: hmac({ key: "sk_1" }) });
  const error = await failureOf(service.get("/from"), isServiceResponseError);
  expect(error.message).toContain("its credentials are a signature, and hold for one address alone");
  expect(server.requests).toHaveLength(1);
});

test("a 401 of another origin is no reason to renew the credentials, and nothing against the service", async () => {
  await using other = await httpServer((_request, response) => {
    response.statusCode = 401;
    response.end();
  });
  await using server = await httpServer(redirectTo(`${other.url}/to`));
  let renewals = 0;
  const auth = {
    name: "own",
    apply: () => ({ headers: { authorization: "Bearer sk_1" } }),
    renew: () => {
      renewals += 1;
      return true;
    },
  };
  await using service = await startedPayments(server, { auth });
  await failureOf(service.get("/from"), isServiceResponseError);
  expect(renewals).toBe(0);
  expect(other.requests).toHaveLength(1);
});
