import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { AttemptAuth, AuthProvider, AuthRequest, Credentials } from "../../../src/core/auth/provider.ts";
import type { Logger } from "../../../src/core/logger.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import { Secret } from "../../../src/core/secret.ts";
import { bearer } from "../../../src/rest/auth/bearer.ts";
import { apiKeyQuery, basic } from "../../../src/rest/auth/fixed.ts";
import { hmac } from "../../../src/rest/auth/hmac.ts";
import { awsSigV4 } from "../../../src/rest/auth/sigv4.ts";
import { StreamCredentials } from "../../../src/websocket/dial/credentials.ts";
import type { AttemptContext } from "../../../src/websocket/dial/per-attempt.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { thrownBy } from "../peer.ts";

const about = { service: "feed", operation: "/stream" };
const target = { url: "wss://a.example/stream?x=1", headers: { "x-own": "1" } };
const never = new Promise<never>(() => undefined);

function attempt(signal = new AbortController().signal): AttemptContext {
  return { attempt: 2, endpoint: 0, isRenewed: false, signal };
}

function credentialsOf(auth: AuthProvider | undefined, apiKey?: string, logger: Logger = silentLogger) {
  const owner = { service: "feed", logger, clock: new VirtualClock(), random: () => 0.5 };
  return new StreamCredentials(auth, apiKey === undefined ? undefined : new Secret(apiKey), owner);
}

const authorized = (auth: AuthProvider | undefined, apiKey?: string) =>
  credentialsOf(auth, apiKey).authorize(target, about, attempt());

/** A provider with one token after the other. */
function tokens(isRenewable: boolean) {
  const calls = { applied: [] as AuthRequest[], refused: [] as Credentials[], given: [] as Credentials[], closed: 0 };
  const provider: AttemptAuth = {
    name: "tokens",
    apply(request) {
      calls.applied.push(request);
      const given = { headers: { authorization: `Bearer t${calls.applied.length}` } };
      calls.given.push(given);
      return given;
    },
    renew(refused) {
      calls.refused.push(refused);
      return isRenewable;
    },
    async close() {
      calls.closed++;
    },
  };
  return { provider, calls };
}

test("without any, the target stays the very same", async () => {
  expect(await authorized(undefined)).toBe(target);
});

test("fixed ones are put on without asking anybody", async () => {
  expect(credentialsOf(basic("u", "p")).isAsked).toBe(false);
  expect(await authorized(undefined, "k")).toEqual({ ...target, headers: { "x-own": "1", authorization: "Bearer k" } });
  expect(await authorized(basic("u", "p"))).toMatchObject({ headers: { authorization: "Basic dTpw" } });
  expect(await authorized(apiKeyQuery("key", "a b"))).toEqual({ ...target, url: `${target.url}&key=a%20b` });
});

test("a provider is asked on each attempt, for the upgrade as the HTTP request that it is", async () => {
  const { provider, calls } = tokens(true);
  const credentials = credentialsOf(provider);
  expect(credentials.isAsked).toBe(true);
  const context = attempt();
  await credentials.authorize(target, about, context);
  expect(await credentials.authorize(target, about, context)).toMatchObject({
    headers: { authorization: "Bearer t2" },
  });
  expect(calls.applied[0]).toMatchObject({
    method: "GET",
    origin: "https://a.example",
    path: "/stream?x=1",
    headers: { "x-own": "1" },
    body: "",
    attempt: 2,
    signal: context.signal,
  });
});

test("what signs requests can sign an upgrade", async () => {
  const signed = await authorized(hmac({ key: "k" }));
  expect(signed.headers["x-signature"]).toMatch(/^[0-9a-f]{64}$/);
  const credentials = { accessKeyId: "AKID", secretAccessKey: "s" };
  const aws = await authorized(awsSigV4({ region: "eu-central-1", service: "execute-api", credentials }));
  expect(aws.headers["authorization"]).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKID\/20260101\/eu-central-1\/execute-api\//,
  );
});

test("a header and a parameter that are there already stay as they are", async () => {
  const own = { url: "wss://a.example/?key=mine", headers: { authorization: "mine" } };
  const provider: AuthProvider = { name: "x", apply: () => ({ headers: { Authorization: "t" }, query: { key: "t" } }) };
  expect(await credentialsOf(provider).authorize(own, about, attempt())).toBe(own);
});

describe("a provider that gives none", () => {
  const failing = (apply: () => unknown): AuthProvider => ({ name: "own", apply: apply as () => Credentials });
  const failure = (apply: () => unknown) => thrownBy(authorized(failing(apply)));

  test("for a passing reason is asked again with the next attempt", async () => {
    const thrown = await failure(() => {
      throw Object.assign(new Error("vault"), { code: "ECONNREFUSED" });
    });
    expect(thrown).toMatchObject({
      code: "unavailable-no-credentials",
      phase: "auth",
      outcome: "not-sent",
      retryable: true,
      cause: { message: "vault" },
    });
    expect(String(thrown)).toContain("the auth provider own failed (ECONNREFUSED)");
  });

  test.each([[undefined], ["s3cr3t"], [{ headers: { authorization: "s3cr3t\n" } }], [{ authorization: "s3cr3t" }]])(
    "but %j is a failure for good, and does not show it",
    async (given) => {
      const thrown = await failure(() => given);
      expect(thrown).toMatchObject({ code: "unavailable-no-credentials", retryable: false });
      expect(inspect(thrown)).not.toContain("s3cr3t");
    },
  );

  test("because the request cannot have any as it is has to be mended by whoever wrote it", async () => {
    const auth = hmac({ key: "k", canonical: () => 7 as never });
    expect(await thrownBy(authorized(auth))).toMatchObject({
      code: "configuration-invalid",
      problems: ["auth: canonical of hmac must give a string"],
    });
  });

  test("and never settles, ends with the signal", async () => {
    const abort = new AbortController();
    const asked = thrownBy(credentialsOf(failing(() => never)).authorize(target, about, attempt(abort.signal)));
    const reason = new Error("the limit passed");
    abort.abort(reason);
    expect(await asked).toBe(reason);
  });
});

describe("after a refusal", () => {
  test("the provider is told which were refused, the very object, and answers whether there are others", async () => {
    for (const isRenewable of [true, false]) {
      const { provider, calls } = tokens(isRenewable);
      const credentials = credentialsOf(provider);
      await credentials.authorize(target, about, attempt());
      expect(await credentials.renew(new AbortController().signal)).toBe(isRenewable);
      expect(calls.refused[0]).toBe(calls.given[0]);
    }
  });

  test("a function of bearer is asked anew", async () => {
    let token = 0;
    const credentials = credentialsOf(bearer(() => ({ token: `t${++token}`, expiresInMs: 3_600_000 })));
    const first = await credentials.authorize(target, about, attempt());
    expect(await credentials.renew(new AbortController().signal)).toBe(true);
    const second = await credentials.authorize(target, about, attempt());
    expect([first.headers["authorization"], second.headers["authorization"]]).toEqual(["Bearer t1", "Bearer t2"]);
    await credentials.close();
  });

  test("there are no others of fixed ones, nor where the target had its own", async () => {
    const signal = new AbortController().signal;
    const fixed = credentialsOf(basic("u", "p"));
    await fixed.authorize(target, about, attempt());
    const { provider, calls } = tokens(true);
    const unused = credentialsOf(provider);
    await unused.authorize({ ...target, headers: { authorization: "mine" } }, about, attempt());
    expect([await fixed.renew(signal), await unused.renew(signal), calls.refused]).toEqual([false, false, []]);
  });

  test("a renewal that throws is none, and is logged with its reason", async () => {
    const logged: unknown[] = [];
    const logger = { ...silentLogger, warn: (...entry: unknown[]) => void logged.push(entry) } as Logger;
    const provider: AuthProvider = {
      name: "own",
      apply: () => ({ headers: { a: "1" } }),
      renew: () => {
        throw new Error("vault");
      },
    };
    const credentials = credentialsOf(provider, undefined, logger);
    await credentials.authorize(target, about, attempt());
    expect(await credentials.renew(new AbortController().signal)).toBe(false);
    expect(logged).toHaveLength(1);
  });

  test("a renewal that never settles ends with the signal, and is none", async () => {
    const provider: AuthProvider = { name: "own", apply: () => ({ headers: { a: "1" } }), renew: () => never };
    const credentials = credentialsOf(provider);
    await credentials.authorize(target, about, attempt());
    const abort = new AbortController();
    const renewed = credentials.renew(abort.signal);
    abort.abort();
    expect(await renewed).toBe(false);
  });
});

test("a provider that keeps something is opened once, at construction, and given back", async () => {
  let opened = 0;
  const { provider, calls } = tokens(true);
  const credentials = credentialsOf({
    name: "owned",
    open() {
      opened++;
      return provider;
    },
  });
  expect(opened).toBe(1);
  await credentials.authorize(target, about, attempt());
  await credentials.close();
  expect([opened, calls.closed]).toEqual([1, 1]);
});

test("no inspect and no JSON shows a credential", () => {
  const credentials = credentialsOf(undefined, "s3cr3t");
  expect(inspect(credentials, { depth: 9, showHidden: true }) + JSON.stringify(credentials)).not.toContain("s3cr3t");
});
