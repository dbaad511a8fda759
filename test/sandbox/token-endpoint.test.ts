import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Bench, bearer, eventually, failureOf, startBench } from "./bench.ts";

let bench: Bench;

beforeEach(async () => {
  bench = await startBench();
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** Asks for a token as a client does: with a form. */
async function ask(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answered> {
  const { origin, pathname } = new URL(bench.sandbox.tokens.url);
  const { statusCode, headers: given, body } = await bench.form(origin + pathname, new URLSearchParams(form), headers);
  return {
    status: statusCode,
    headers: new Headers(given as Record<string, string>),
    body: (await body.json()) as Record<string, unknown>,
  };
}

const grant = { grant_type: "client_credentials" };
const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64")}`,
});
const inBody = { client_id: "sandbox-client", client_secret: "sandbox-client-secret" };
const inHeader = basic("sandbox-client", "sandbox-client-secret");

const list = async (token: unknown): Promise<number> =>
  (await bench.send(`${bench.sandbox.gateway.url}/v1/payments`, { headers: bearer(String(token)) })).status;

describe("a token", () => {
  test.each([
    ["a header", {}, inHeader],
    ["the body", inBody, {}],
  ])("is given to the client that proves itself in %s, and the gateway takes it", async (_where, form, headers) => {
    const { status, headers: given, body } = await ask({ ...grant, ...form }, headers);
    expect(status).toBe(200);
    expect(given.get("cache-control")).toBe("no-store");
    expect(body).toMatchObject({ token_type: "Bearer", expires_in: 3600, scope: "payments:read payments:write" });
    expect(await list(body["access_token"])).toBe(200);
  });

  test("has the scope that was asked for", async () => {
    expect((await ask({ ...grant, scope: "payments:read" }, inHeader)).body).toMatchObject({ scope: "payments:read" });
  });

  test("that was revoked, or never given, is refused by the gateway", async () => {
    const { body } = await ask(grant, inHeader);
    await bench.revokeTokens();
    expect(await list(body["access_token"])).toBe(401);
    expect(await list("sandbox-token-1")).toBe(401);
    expect(await list((await ask(grant, inHeader)).body["access_token"])).toBe(200);
  });

  test("lives as long as was set", async () => {
    const url = `${bench.sandbox.tokens.controlUrl}/__tokens`;
    expect((await bench.send(url, { method: "PUT", body: { expiresIn: 0 } })).status).toBe(204);
    const dead = await ask(grant, inHeader);
    expect(dead.body).toMatchObject({ expires_in: 0 });
    expect(await list(dead.body["access_token"])).toBe(401);
    await bench.send(url, { method: "PUT", body: { expiresIn: null } });
    const lasting = await ask(grant, inHeader);
    expect(lasting.body).not.toHaveProperty("expires_in");
    expect(await list(lasting.body["access_token"])).toBe(200);
  });
});

test.each([
  ["another client", { ...grant }, basic("somebody", "sandbox-client-secret"), 401, "invalid_client"],
  ["a wrong secret", { ...grant, ...inBody, client_secret: "x" }, {}, 401, "invalid_client"],
  ["no client", { ...grant }, {}, 401, "invalid_client"],
  ["another grant", { grant_type: "password", ...inBody }, {}, 400, "unsupported_grant_type"],
  ["no grant", { ...inBody }, {}, 400, "unsupported_grant_type"],
  ["an unknown scope", { ...grant, ...inBody, scope: "payments:read admin" }, {}, 400, "invalid_scope"],
])("%s is refused in the words of OAuth", async (_what, form, headers, status, error) => {
  expect(await ask(form, headers)).toMatchObject({ status, body: { error } });
  expect(await bench.tokens()).toMatchObject({ issued: 0, requests: 1 });
});

test("its report counts requests and tokens, and revoking lets the counts go on", async () => {
  await ask(grant, inHeader);
  await ask(grant, {});
  expect(await bench.tokens()).toEqual({ issued: 1, active: 1, expiresIn: 3600, requests: 2 });
  await bench.revokeTokens();
  expect(await bench.tokens()).toEqual({ issued: 1, active: 0, expiresIn: 3600, requests: 2 });
});

test("a lifetime that is none is refused, and says what is allowed", async () => {
  const url = `${bench.sandbox.tokens.controlUrl}/__tokens`;
  for (const body of [{ expiresIn: -1 }, { expiresIn: "1h" }, {}]) {
    const refused = await bench.send(url, { method: "PUT", body });
    expect(refused).toMatchObject({ status: 400, body: { detail: expect.stringContaining('"expiresIn" must be') } });
  }
});

test("it takes the faults of every REST server", async () => {
  await bench.order("tokens", { kind: "error", status: 503, times: 1, retryAfterS: 1 });
  expect(await ask(grant, inHeader)).toMatchObject({ status: 503 });
  expect((await ask(grant, inHeader)).status).toBe(200);
  await bench.order("tokens", { kind: "latency", ms: 3_600_000 });
  const slow = failureOf(ask(grant, inHeader));
  await eventually(async () => (await bench.tokens()).requests).toBe(3);
  await bench.sandbox.close();
  expect(await slow).toBe("ECONNRESET");
});
