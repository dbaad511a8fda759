import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withDeadline } from "../../../src/core/deadline.ts";
import { isServiceResponseError, isServiceTimeoutError, isServiceUnavailableError } from "../../../src/core/errors.ts";
import { type OAuth2Options, oauth2ClientCredentials } from "../../../src/rest/auth/oauth2.ts";
import type { RESTServiceOptions } from "../../../src/rest/options.ts";
import { type Bench, eventually, startBench } from "../../sandbox/bench.ts";
import { refusalOf } from "../../support/configuration.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { answerJson, answerNothing, httpServer, httpsServer, rawAnswer } from "../../support/http-server.ts";
import {
  failureOf,
  type LogEntry,
  logbook,
  type Payments,
  reasonOf,
  startedPayments,
} from "../../support/rest-client.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

let bench: Bench;

beforeEach(async () => {
  bench = await startBench();
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

const payment = { json: { amount: 10, currency: "EUR" } };

function client(oauth: Partial<OAuth2Options> = {}): OAuth2Options {
  const { url: tokenUrl, clientId, clientSecret } = bench.sandbox.tokens;
  return { tokenUrl, clientId, clientSecret, ...oauth };
}

/** The payment gateway, called with access tokens. */
function gateway(options: Partial<RESTServiceOptions> = {}, oauth: Partial<OAuth2Options> = {}): Promise<Payments> {
  const auth = oauth2ClientCredentials(client(oauth));
  return startedPayments(bench.sandbox.gateway, { endpointBase: "/v1", auth, ...options });
}

const setLifetime = (expiresIn: number | null): Promise<unknown> =>
  bench.send(`${bench.sandbox.tokens.controlUrl}/__tokens`, { method: "PUT", body: { expiresIn } });

describe("one token serves all calls", () => {
  test("100 calls at once on a fresh service ask for one", async () => {
    await using service = await gateway();
    await Promise.all(Array.from({ length: 100 }, () => service.postJson("/payments", payment)));
    expect(await bench.tokens()).toMatchObject({ issued: 1, requests: 1 });
    expect((await bench.ledger()).charges).toHaveLength(100);
  });

  test("later ones go with the token that is held", async () => {
    await using service = await gateway();
    for (let call = 0; call < 5; call++) await service.get("/payments");
    expect(await bench.tokens()).toMatchObject({ requests: 1 });
  });

  test("each service has its own, also where they are made with the same provider", async () => {
    const auth = oauth2ClientCredentials(client());
    await using one = await startedPayments(bench.sandbox.gateway, { endpointBase: "/v1", auth });
    await using other = await startedPayments(bench.sandbox.gateway, { endpointBase: "/v1", auth });
    await Promise.all([one.get("/payments"), other.get("/payments")]);
    expect(await bench.tokens()).toMatchObject({ requests: 2 });
  });

  test("none is asked for before the first call", async () => {
    await using service = await gateway();
    expect(service.lifecycle).toBe("ready");
    expect(await bench.tokens()).toMatchObject({ requests: 0 });
  });
});

describe("the request for a token", () => {
  test.each(["basic", "post"] as const)("proves the client by %s", async (clientAuthentication) => {
    await using service = await gateway({}, { clientAuthentication, scope: ["payments:read", "payments:write"] });
    await service.get("/payments");
    expect(await bench.tokens()).toMatchObject({ issued: 1 });
  });

  test("goes to the very URL, with scope and parameters, and encodes what a header must not hold", async () => {
    await using endpoint = await httpServer((_request, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ access_token: "t", token_type: "bearer", expires_in: 60 }));
    });
    await using service = await httpServer();
    const auth = oauth2ClientCredentials({
      tokenUrl: `${endpoint.url}/tenant/token/?version=2`,
      clientId: "a:b",
      clientSecret: "ü %",
      scope: ["read", "write"],
      parameters: { audience: "https://api.test" },
    });
    await using payments = await startedPayments(service, { auth });
    await payments.get("/x");
    expect(endpoint.requests).toMatchObject([
      {
        method: "POST",
        url: "/tenant/token/?version=2",
        headers: {
          accept: "application/json",
          "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
          authorization: `Basic ${btoa("a%3Ab:%C3%BC+%25")}`,
        },
      },
    ]);
    expect(Object.fromEntries(new URLSearchParams(endpoint.requests[0]?.body))).toEqual({
      grant_type: "client_credentials",
      scope: "read write",
      audience: "https://api.test",
    });
    expect(service.requests).toMatchObject([{ headers: { authorization: "Bearer t" } }]);
  });

  test("belongs to no call: the deadline and the signal of the first take nothing from the others", async () => {
    await using service = await gateway();
    await bench.order("tokens", { kind: "latency", ms: 200 });
    const controller = new AbortController();
    const reason = new Error("the visitor left");
    const first = withDeadline({ signal: controller.signal, deadlineMs: 60_000 }, () =>
      reasonOf(service.get("/payments")),
    );
    const second = service.get("/payments");
    await eventually(async () => (await bench.tokens()).requests).toBe(1);
    controller.abort(reason);
    expect(await first).toBe(reason);
    expect((await second).status).toBe(200);
    expect(await bench.tokens()).toMatchObject({ requests: 1 });
  });
});

describe("a token is replaced", () => {
  test("in the background before its end, and calls go on with the old one meanwhile", async () => {
    const clock = new VirtualClock();
    await using service = await gateway({ clock });
    await service.get("/payments");
    await clock.advance(3_600_000 - 120_000);
    await bench.order("tokens", { kind: "latency", ms: 300 });
    await service.get("/payments");
    await service.get("/payments");
    await eventually(async () => (await bench.tokens()).requests).toBe(2);
    expect((await bench.ledger()).requests).toBe(3);
    await bench.clear("tokens");
  });

  test("once for all at its end, by a request that every call waits for", async () => {
    const clock = new VirtualClock();
    await using service = await gateway({ clock });
    await service.get("/payments");
    await clock.advance(3_600_000);
    await Promise.all(Array.from({ length: 20 }, () => service.get("/payments")));
    expect(await bench.tokens()).toMatchObject({ requests: 2 });
  });

  test("never where the endpoint does not say how long it lives", async () => {
    const clock = new VirtualClock();
    await setLifetime(null);
    await using service = await gateway({ clock });
    await service.get("/payments");
    await clock.advance(1_000_000_000);
    await service.get("/payments");
    expect(await bench.tokens()).toMatchObject({ requests: 1 });
  });

  test("before each call where it lives no time at all, and serves the calls that waited for it", async () => {
    await using endpoint = await httpServer((_request, response, number) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ access_token: `t${number}`, token_type: "Bearer", expires_in: 0 }));
    });
    await using server = await httpServer();
    const auth = oauth2ClientCredentials(client({ tokenUrl: endpoint.url }));
    await using service = await startedPayments(server, { auth });
    await Promise.all([service.get("/x"), service.get("/x")]);
    await service.get("/x");
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer t1",
      "Bearer t1",
      "Bearer t2",
    ]);
  });
});

describe("a 401", () => {
  test("makes one request for a token for all calls, and each call is made once more, also a POST", async () => {
    await using service = await gateway({ retry: false });
    await service.get("/payments");
    await bench.revokeTokens();
    const calls = Array.from({ length: 50 }, () => service.post("/payments", payment));
    const answers = await Promise.all(calls);
    expect(await bench.tokens()).toMatchObject({ requests: 2 });
    expect((await bench.ledger()).charges).toHaveLength(50);
    expect(answers.map(({ attempts }) => attempts.map(({ status }) => status))).toEqual(
      Array.from({ length: 50 }, () => [401, 201]),
    );
  });

  test("that comes again with the new token is the answer, and asks for no third", async () => {
    await using server = await httpServer((_request, response) => void response.writeHead(401).end());
    const auth = oauth2ClientCredentials(client());
    await using service = await startedPayments(server, { auth });
    const error = await failureOf(service.get("/x"), isServiceResponseError);
    expect(error).toMatchObject({ status: 401, outcome: "rejected" });
    expect(server.requests).toHaveLength(2);
    expect(await bench.tokens()).toMatchObject({ issued: 2 });
    await failureOf(service.get("/x"), isServiceResponseError);
    expect(await bench.tokens()).toMatchObject({ issued: 2 });
  });

  test("to a stream that can be read once only is not answered by sending it empty", async () => {
    await using service = await gateway();
    await service.get("/payments");
    await bench.revokeTokens();
    const stream = new Blob(["{}"]).stream();
    const error = await failureOf(service.post("/payments", { stream }), isServiceResponseError);
    expect(error).toMatchObject({ status: 401, notRetried: "permanent" });
    // The next call has the new token.
    await service.get("/payments");
  });

  test("to a call that brought its own Authorization drops no token", async () => {
    await using service = await gateway();
    await service.get("/payments");
    const headers = { Authorization: "Bearer of-the-user" };
    await failureOf(service.get("/payments", { headers }), isServiceResponseError);
    await service.get("/payments");
    expect(await bench.tokens()).toMatchObject({ requests: 1 });
  });
});

describe("a token endpoint that fails", () => {
  test("for a moment is asked again within the retries of the call, which then succeeds", async () => {
    await using service = await gateway();
    await bench.order("tokens", { kind: "error", status: 503, times: 2 });
    const answer = await service.post("/payments", payment);
    expect(answer.attempts.map(({ phase, outcome, code }) => [phase, outcome, code])).toEqual([
      ["auth", "not-sent", "unavailable-no-credentials"],
      ["auth", "not-sent", "unavailable-no-credentials"],
      ["body", "accepted", undefined],
    ]);
  });

  test.each([
    ["500", { kind: "error", status: 500 }, "answered 500"],
    ["429 with Retry-After", { kind: "rate-limit", retryAfterS: 7 }, "answered 429"],
    ["a reset", { kind: "reset-before-read" }, "failed (connection-reset: "],
    ["nobody listening", { kind: "refused" }, "failed (connection-connect: ECONNREFUSED)"],
  ])("by %s ends the call as transient, with nothing sent", async (_what, fault, said) => {
    await using service = await gateway({ retry: false });
    await bench.order("tokens", fault);
    const error = await failureOf(service.post("/payments", payment), isServiceUnavailableError);
    expect(error).toMatchObject({
      reason: "no-credentials",
      phase: "auth",
      outcome: "not-sent",
      retryable: true,
      attempts: [{ phase: "auth", outcome: "not-sent" }],
    });
    expect(error.message).toContain(`the token endpoint ${said}`);
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect((await bench.ledger()).requests).toBe(0);
  });

  test("by refusing the client is not asked again, and the error says in which of OAuth's words", async () => {
    await using service = await gateway({}, { clientSecret: "wrong" });
    const error = await failureOf(service.get("/payments"), isServiceUnavailableError);
    expect(error).toMatchObject({ reason: "no-credentials", retryable: false, notRetried: "permanent" });
    expect(error.message).toContain("the token endpoint answered 401 (invalid_client)");
    expect(await bench.tokens()).toMatchObject({ requests: 1 });
  });

  test("by refusing the scope is not asked again either", async () => {
    await using service = await gateway({}, { scope: "everything" });
    const error = await failureOf(service.get("/payments"), isServiceUnavailableError);
    expect(error.message).toContain("the token endpoint answered 400 (invalid_scope)");
  });

  test("is spared by the calls that come within the back-off, and asked again after it", async () => {
    const clock = new VirtualClock();
    await using service = await gateway({ clock, retry: false });
    await bench.order("tokens", { kind: "error", status: 500, times: 1 });
    for (let call = 0; call < 5; call++) await failureOf(service.get("/payments"), isServiceUnavailableError);
    expect(await bench.tokens()).toMatchObject({ requests: 1 });
    await clock.advance(200);
    await service.get("/payments");
  });

  test("while the old token still holds stops no call, and is told at warn", async () => {
    const clock = new VirtualClock();
    const { logger, entries } = logbook(false);
    await using service = await gateway({ clock, logger });
    await service.get("/payments");
    await bench.order("tokens", { kind: "error", status: 500 });
    await clock.advance(3_600_000 - 100_000);
    await service.get("/payments");
    const warnings = (): readonly LogEntry[] => entries.filter(({ level }) => level === "warn");
    await eventually(() => warnings().length).toBe(1);
    await clock.advance(90_000);
    await service.get("/payments");
    expect(await bench.tokens()).toMatchObject({ requests: 3 });
    expect(warnings()[0]).toMatchObject({ fields: { reason: "the token endpoint answered 500" } });
  });

  test("by hanging is given up within its own limit, and the call goes on to a retry", async () => {
    await using endpoint = await httpServer(answerNothing);
    await using service = await gateway({ retry: false }, { tokenUrl: endpoint.url, timeoutMs: 30 });
    const error = await failureOf(service.get("/payments"), isServiceUnavailableError);
    expect(error).toMatchObject({ reason: "no-credentials", retryable: true, outcome: "not-sent" });
    expect(error.message).toContain("the token endpoint did not answer within 30 ms");
    await endpoint.allClosed();
  });

  test("by hanging is waited for no longer than the attempt may take", async () => {
    await using endpoint = await httpServer(answerNothing);
    const limits = { retry: false, attemptTimeoutMs: 30 } as const;
    await using service = await gateway(limits, { tokenUrl: endpoint.url, timeoutMs: 60_000 });
    const error = await failureOf(service.get("/payments"), isServiceTimeoutError);
    expect(error).toMatchObject({ limit: "attempt", phase: "auth", outcome: "not-sent", retryable: true });
  });

  test("by hanging does not hold up close", async () => {
    await using endpoint = await httpServer(answerNothing);
    const service = await gateway({ closeTimeoutMs: 10 }, { tokenUrl: endpoint.url, timeoutMs: 60_000 });
    const failed = failureOf(service.get("/payments"), isServiceUnavailableError);
    await endpoint.request(1);
    await service.close();
    expect(await failed).toMatchObject({ reason: "draining", phase: "auth", outcome: "not-sent" });
    await endpoint.allClosed();
  });

  test("by leading elsewhere is not followed there, and the error says so", async () => {
    await using elsewhere = await httpServer();
    await using endpoint = await httpServer((_request, response) => {
      response.writeHead(302, { location: elsewhere.url }).end();
    });
    await using service = await gateway({}, { tokenUrl: endpoint.url });
    const error = await failureOf(service.get("/payments"), isServiceUnavailableError);
    expect(error).toMatchObject({ reason: "no-credentials", retryable: false });
    expect(error.message).toContain("the token endpoint answered 302, a redirect, which is not followed");
    expect([endpoint.requests.length, elsewhere.connections]).toEqual([1, 0]);
  });

  const json = "content-type: application/json\n";
  test.each([
    ["a page of a proxy", "content-type: text/html\ncontent-length: 5\n\n<html"],
    ["no JSON", `${json}content-length: 1\n\n{`],
    ["a list", `${json}content-length: 2\n\n[]`],
    ["no token", `${json}content-length: 25\n\n{"token_type":"bearer"}   `],
    ["a token of another kind", `${json}content-length: 45\n\n{"access_token":"s3cr3t","token_type":"mac"}  `],
    ["a DPoP token", `${json}content-length: 45\n\n{"access_token":"s3cr3t","token_type":"dpop"} `],
    [
      "a lifetime that is none",
      `${json}content-length: 62\n\n{"access_token":"s3cr3t","token_type":"bearer","expires_in":-5}`,
    ],
    ["a token with a line end", `${json}content-length: 49\n\n{"access_token":"s3cr3t\\n","token_type":"bearer"}  `],
  ])("by giving %s ends the call at once, and shows nothing of it", async (_what, rest) => {
    await using endpoint = await rawAnswer(`HTTP/1.1 200 OK\n${rest}`);
    await using service = await gateway({}, { tokenUrl: endpoint.url });
    const error = await failureOf(service.get("/payments"), isServiceUnavailableError);
    expect(error).toMatchObject({ reason: "no-credentials", retryable: false, outcome: "not-sent" });
    expect(error.message).toMatch(/the token endpoint (?:answered with something|gave a token)/);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("s3cr3t");
  });

  test("with the client's secret in its answer shows neither: not by message, inspect, JSON, log or cause", async () => {
    const { logger, entries } = logbook();
    await using endpoint = await httpServer((request, response) => {
      response.writeHead(400, { "content-type": "application/json", "x-echo": request.body });
      response.end(JSON.stringify({ error: "invalid_request", error_description: "s3cr3t", echo: request.body }));
    });
    const auth = oauth2ClientCredentials(
      client({ tokenUrl: endpoint.url, clientSecret: "s3cr3t", clientAuthentication: "post" }),
    );
    await using service = await startedPayments(bench.sandbox.gateway, { auth, logger });
    const error = await failureOf(service.get("/payments"), isServiceUnavailableError);
    const shown = [error, error.toJSON(), service, auth, ...entries].map((one) =>
      inspect(one, { depth: 9, showHidden: true }),
    );
    for (const text of shown) expect(text).not.toContain("s3cr3t");
  });
});

test("a token endpoint that asks for our certificate gets the one that is meant for it, and the service its own", async () => {
  const { ca, server: own, client: certificate } = await makeCertificates();
  const giveToken = answerJson({ access_token: "t", token_type: "bearer", expires_in: 60 });
  const asking = { ...own, ca, requestCert: true, rejectUnauthorized: true };
  await using endpoint = await httpsServer(asking, giveToken);
  await using server = await httpsServer(asking);
  const tls = { ca, ...certificate };
  const auth = oauth2ClientCredentials(client({ tokenUrl: endpoint.url, tls }));
  await using service = await startedPayments(server, { auth, tls });
  await service.get("/x");
  expect(server.requests).toMatchObject([{ headers: { authorization: "Bearer t" } }]);
  const without = oauth2ClientCredentials(client({ tokenUrl: endpoint.url, tls: { ca } }));
  await using strange = await startedPayments(server, { auth: without, tls, retry: false });
  const error = await failureOf(strange.get("/x"), isServiceUnavailableError);
  expect(error).toMatchObject({ reason: "no-credentials", outcome: "not-sent" });
});

test("a token shows nowhere in the log at debug", async () => {
  const { logger, entries } = logbook();
  await using service = await gateway({ logger });
  await service.get("/payments");
  const shown = inspect(entries, { depth: 9 });
  expect(shown).toContain("authorization: '[redacted]'");
  expect(shown).not.toContain("sandbox-token");
});

test("a health check fails where no token can be had", async () => {
  await using service = await gateway();
  await bench.order("tokens", { kind: "error", status: 500 });
  expect(await service.checkHealth()).toMatchObject({
    status: "fail",
    output: expect.stringContaining("no credentials: the token endpoint answered 500"),
  });
});

test("wrong options are told all at once, and show no value", () => {
  const wrong = {
    tokenUrl: "http://user:pass@auth.test/token#x",
    clientId: "",
    clientSecret: "",
    scope: 5,
    parameters: { audience: 5 },
    clientAuthentication: "jwt",
    timeoutMs: 0,
    audience: "x",
  };
  expect(refusalOf(() => oauth2ClientCredentials(wrong as unknown as OAuth2Options)).problems).toEqual([
    expect.stringContaining("tokenUrl must be https"),
    expect.stringContaining("tokenUrl must not contain a user name or password"),
    expect.stringContaining("tokenUrl must not have a fragment"),
    "clientId is required",
    "clientSecret must be a Secret or a string that is not empty",
    "scope must be a string or a list of strings",
    "parameters must be an object of names and string values",
    expect.stringContaining("clientAuthentication must be one of basic | post"),
    expect.stringContaining("timeoutMs must be a number of at least 1"),
    expect.stringContaining("unknown option audience"),
  ]);
});

const overHttp = (host: string) => (): unknown =>
  oauth2ClientCredentials({ tokenUrl: `http://${host}/token`, clientId: "a", clientSecret: "b" });

test.each(["127.0.0.1:1", "127.1", "[::1]", "localhost"])("a secret may go in clear to %s, this machine", (host) => {
  expect(overHttp(host)).not.toThrow();
});

test.each(["127.example.com", "localhost.example.com", "10.0.0.1"])("a secret may not go in clear to %s", (host) => {
  expect(refusalOf(overHttp(host)).problems).toEqual([expect.stringContaining("tokenUrl must be https")]);
});

test("what another option sets cannot be given as a parameter, and no credential has the line end of its file", () => {
  const options = {
    tokenUrl: "https://auth.test/token",
    clientId: "a",
    clientSecret: "s3cr3t\n",
    parameters: { audience: "x", grant_type: "password", client_secret: "s3cr3t", scope: "all" },
  };
  const { problems } = refusalOf(() => oauth2ClientCredentials(options));
  expect(problems).toEqual([
    "clientSecret must not contain control characters, such as the line end of a file",
    "parameters.grant_type cannot be given: it is client_credentials",
    "parameters.client_secret cannot be given: give it as clientSecret",
    "parameters.scope cannot be given: give it as scope",
  ]);
});
