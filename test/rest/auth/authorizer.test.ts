import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  isServiceResponseError,
  isServiceTimeoutError,
  isServiceUnavailableError,
  ServiceConnectionError,
} from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import type { Attempt } from "../../../src/resilience/call.ts";
import { Authorizer, withCredentials } from "../../../src/rest/auth/authorizer.ts";
import type { AttemptAuth, AuthRequest, Credentials } from "../../../src/core/auth/provider.ts";
import { type RESTSettings, readRESTOptions } from "../../../src/rest/options.ts";
import { type PreparedRequest, Requests } from "../../../src/rest/request.ts";
import { answerStatuses, httpServer } from "../../support/http-server.ts";
import { failureOf, logbook, reasonOf, startedPayments } from "../../support/rest-client.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const never = new Promise<never>(() => undefined);

function prepared(): { readonly settings: RESTSettings; readonly request: PreparedRequest } {
  const settings = readRESTOptions({ baseUrl: "https://api.test", logger: silentLogger }, "payments");
  return { settings, request: new Requests(settings, { accept: "a/b" }).prepare("GET", "/x", {}) };
}

/** A provider that keeps what it was asked. */
function recorder(give: (request: AuthRequest) => Credentials | Promise<Credentials>): AttemptAuth & {
  readonly asked: readonly AuthRequest[];
} {
  const asked: AuthRequest[] = [];
  return {
    name: "recorder",
    asked,
    apply(request) {
      asked.push(request);
      return give(request);
    },
  };
}

describe("a provider of the user's own", () => {
  test("is told all that a signature needs, and asked on each attempt", async () => {
    await using server = await httpServer(answerStatuses(503, 200));
    const auth = recorder(({ attempt }) => ({
      headers: { "X-Attempt": String(attempt) },
      query: { n: `${attempt}&` },
    }));
    await using service = await startedPayments(server, { auth });
    await service.put("/x?a=1", { text: "body", headers: { "x-b": "2" } });
    expect(auth.asked).toMatchObject([
      { method: "PUT", origin: server.url, path: "/x?a=1", headers: { "x-b": "2" }, body: "body", attempt: 1 },
      { path: "/x?a=1", attempt: 2 },
    ]);
    expect(server.requests).toMatchObject([
      { url: "/x?a=1&n=1%26", headers: { "x-attempt": "1" } },
      { url: "/x?a=1&n=2%26", headers: { "x-attempt": "2" } },
    ]);
  });

  test("may be just a function", async () => {
    await using server = await httpServer();
    const auth = async (): Promise<Credentials> => ({ headers: { authorization: "Custom x" } });
    await using service = await startedPayments(server, { auth });
    await service.get("/x");
    expect(server.requests).toMatchObject([{ headers: { authorization: "Custom x" } }]);
  });

  test("changes no other call by what it writes into the headers that it is shown", async () => {
    await using server = await httpServer();
    const seen: unknown[] = [];
    const auth = ({ headers }: AuthRequest): Credentials => {
      seen.push(headers["x-mine"]);
      Object.assign(headers, { "x-mine": "written" });
      return {};
    };
    await using service = await startedPayments(server, { auth });
    await service.get("/x");
    await service.get("/x");
    expect(seen).toEqual([undefined, undefined]);
    expect(server.requests.map(({ headers }) => headers["x-mine"])).toEqual([undefined, undefined]);
  });

  test("gives way to a header that the call was given, and to one that it takes away", async () => {
    await using server = await httpServer();
    const auth = recorder(() => ({ headers: { authorization: "ours", "x-key": "k" } }));
    await using service = await startedPayments(server, { auth });
    await service.get("/x", { headers: { Authorization: "theirs" } });
    await service.get("/x", { headers: { AUTHORIZATION: undefined } });
    expect(server.requests.map(({ headers }) => [headers.authorization, headers["x-key"]])).toEqual([
      ["theirs", "k"],
      [undefined, "k"],
    ]);
  });

  test("wins over a header of the service", async () => {
    await using server = await httpServer();
    const auth = recorder(() => ({ headers: { authorization: "ours" } }));
    await using service = await startedPayments(server, { auth, headers: { authorization: "older" } });
    await service.get("/x");
    expect(server.requests).toMatchObject([{ headers: { authorization: "ours" } }]);
  });

  test("sees no body where that is a stream, and an empty one where there is none", async () => {
    await using server = await httpServer();
    const auth = recorder(() => ({}));
    await using service = await startedPayments(server, { auth });
    await service.get("/x");
    await service.post("/x", { stream: () => [Buffer.from("a")] });
    expect(auth.asked.map(({ body }) => body)).toEqual(["", undefined]);
  });

  test("is closed with the service, once", async () => {
    let closed = 0;
    await using server = await httpServer();
    const close = async (): Promise<void> => void (closed += 1);
    const service = await startedPayments(server, { auth: { name: "own", apply: () => ({}), close } });
    await Promise.all([service.close(), service.close()]);
    expect(closed).toBe(1);
  });

  test("that throws when it is closed does not keep the connections open", async () => {
    await using server = await httpServer();
    const close = async (): Promise<void> => {
      throw new Error("no");
    };
    const service = await startedPayments(server, { auth: { name: "own", apply: () => ({}), close } });
    await service.get("/x");
    await expect(service.close()).rejects.toThrow("no");
    await server.allClosed();
  });

  test("with state is opened once for each service, and knows whose it is", async () => {
    const owners: string[] = [];
    await using server = await httpServer();
    const auth = {
      name: "own",
      open: ({ service }: { service: string }): AttemptAuth => {
        owners.push(service);
        return { name: "own", apply: () => ({}) };
      },
    };
    await using one = await startedPayments(server, { auth, name: "one" });
    await using other = await startedPayments(server, { auth, name: "other" });
    await Promise.all([one.get("/x"), one.get("/x"), other.get("/x")]);
    expect(owners).toEqual(["one", "other"]);
  });

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "gave nothing: it must give { headers } or { query }"],
    ["a header with a line end", { headers: { "x-a": "s3cr3t\r\nx-b: 1" } }, "gave what cannot be sent: header x-a"],
    ["a header that is no string", { headers: { "x-a": 5 } }, "gave what cannot be sent: header x-a must be a string"],
    ["a parameter that is no string", { query: { a: 5 } }, "gave what cannot be sent: the query parameter a must be"],
    ["headers that are null", { headers: null }, "gave what cannot be sent: headers must be a plain object"],
    ["headers that nothing holds", { authorization: "s3cr3t" }, 'gave what cannot be sent: "authorization" is neither'],
  ])("that gives %s ends the call, with nothing sent", async (_what, given, problem) => {
    await using server = await httpServer();
    const auth = { name: "own", apply: () => given as Credentials };
    await using service = await startedPayments(server, { auth });
    const error = await failureOf(service.get("/x"), isServiceUnavailableError);
    expect(error).toMatchObject({ reason: "no-credentials", outcome: "not-sent", retryable: false });
    expect(error.message).toContain(`the auth provider own ${problem}`);
    expect(inspect(error, { depth: 9 })).not.toContain("s3cr3t");
    expect(server.connections).toBe(0);
  });

  test.each<[string, unknown, boolean, string]>([
    ["an error with a code", Object.assign(new Error("no"), { code: "ECONNRESET" }), true, "failed (ECONNRESET)"],
    ["something that is no error", "no", true, "failed (string)"],
    [
      "an error of ours that may pass",
      new ServiceConnectionError("reset", { service: "vault", phase: "send", outcome: "unknown" }),
      true,
      "failed (connection-reset)",
    ],
    [
      "an error of ours that will not pass",
      new ServiceConnectionError("tls", { service: "vault", phase: "connect", outcome: "not-sent" }),
      false,
      "failed (connection-tls)",
    ],
  ])("that throws %s ends the attempt, with nothing sent", async (_what, thrown, retryable, said) => {
    await using server = await httpServer();
    const auth = {
      name: "own",
      apply: () => {
        // oxlint-disable-next-line typescript/only-throw-error
        throw thrown;
      },
    };
    await using service = await startedPayments(server, { auth, retry: false });
    const error = await failureOf(service.post("/x"), isServiceUnavailableError);
    expect(error).toMatchObject({ phase: "auth", outcome: "not-sent", retryable });
    expect(error.message).toContain(`no credentials: the auth provider own ${said}`);
  });

  test("that throws once is asked again within the retries, also for a POST: nothing was sent", async () => {
    await using server = await httpServer();
    const auth = recorder(({ attempt }) => {
      if (attempt === 1) throw new Error("not yet");
      return {};
    });
    await using service = await startedPayments(server, { auth });
    expect((await service.post("/x")).attempts).toMatchObject([
      { phase: "auth", outcome: "not-sent" },
      { status: 200 },
    ]);
  });
});

describe("a provider that takes its time", () => {
  test("is waited for no longer than the attempt may take, and its signal aborts", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer();
    const auth = recorder(() => never);
    await using service = await startedPayments(server, { auth, clock, retry: false, attemptTimeoutMs: 50 });
    const failed = failureOf(service.post("/x"), isServiceTimeoutError);
    await clock.advance(0);
    const signal = auth.asked[0]?.signal;
    await clock.advance(50);
    expect(await failed).toMatchObject({ limit: "attempt", phase: "auth", outcome: "not-sent" });
    expect(signal?.aborted).toBe(true);
    expect(server.connections).toBe(0);
  });

  test("that looks at its signal only after that finds it aborted", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer();
    const auth = recorder(() => never);
    await using service = await startedPayments(server, { auth, clock, retry: false, attemptTimeoutMs: 50 });
    const failed = failureOf(service.get("/x"), isServiceTimeoutError);
    await clock.advance(50);
    await failed;
    expect(auth.asked[0]?.signal.aborted).toBe(true);
  });

  test("is left at once when the caller aborts, whose reason passes through unchanged", async () => {
    await using server = await httpServer();
    const controller = new AbortController();
    const reason = new Error("the visitor left");
    const auth = recorder(({ signal }) => {
      void signal;
      queueMicrotask(() => controller.abort(reason));
      return never;
    });
    await using service = await startedPayments(server, { auth });
    expect(await reasonOf(service.get("/x", { signal: controller.signal }))).toBe(reason);
    expect(auth.asked[0]?.signal.reason).toBe(reason);
    expect(server.connections).toBe(0);
  });

  test("and fails after the attempt was given up, harms nobody", async () => {
    const clock = new VirtualClock();
    const given = Promise.withResolvers<Credentials>();
    await using server = await httpServer();
    const auth = recorder(() => given.promise);
    await using service = await startedPayments(server, { auth, clock, retry: false, attemptTimeoutMs: 50 });
    const failed = failureOf(service.get("/x"), isServiceTimeoutError);
    await clock.advance(50);
    await failed;
    given.reject(new Error("late"));
    await clock.advance(0);
    expect(server.connections).toBe(0);
  });
});

test.each<[string, AttemptAuth["apply"], boolean]>([
  ["takes too long", () => never, true],
  ["fails", () => Promise.reject(new Error("no")), false],
])("a provider that %s says nothing about the service, whose breaker must not open for it", async (...given) => {
  const [, apply, isTooLong] = given;
  const { settings, request } = prepared();
  const authorizer = new Authorizer({ name: "own", apply }, { ...settings, service: "payments", origin: "" });
  const attempt: Attempt = {
    operation: "GET /x",
    number: 1,
    deadlineAt: 30_000,
    phase: "queue",
    onInterrupt: (end) => {
      if (isTooLong) end({ kind: "limit", limit: "attempt", limitMs: 5, isTelling: true });
    },
    limit: () => undefined,
  };
  const end = await authorizer.attempt(request, undefined, attempt, () => never);
  expect(end).toMatchObject({ kind: "failure", failure: { verdict: "local", phase: "auth", outcome: "not-sent" } });
});

describe("a 401", () => {
  const renewing = (renew: NonNullable<AttemptAuth["renew"]>): AttemptAuth & { given: Credentials[] } => {
    const given: Credentials[] = [];
    return {
      name: "own",
      given,
      apply() {
        const credentials = { headers: { authorization: `n${given.length + 1}` } };
        given.push(credentials);
        return credentials;
      },
      renew,
    };
  };

  test("is told to the provider with the very credentials that were refused, and the call made once more", async () => {
    const refused: Credentials[] = [];
    await using server = await httpServer(answerStatuses(401, 200));
    const auth = renewing(async (credentials) => refused.push(credentials) > 0);
    await using service = await startedPayments(server, { auth, retry: false });
    const answer = await service.post("/x", { json: {} });
    expect(answer.attempts.map(({ status }) => status)).toEqual([401, 200]);
    expect(refused).toEqual([auth.given[0]]);
    expect(refused[0]).toBe(auth.given[0]);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(["n1", "n2"]);
  });

  test("is answered once in a call, however often the provider has others", async () => {
    await using server = await httpServer(answerStatuses(401));
    await using service = await startedPayments(server, { auth: renewing(() => true) });
    const error = await failureOf(service.get("/x"), isServiceResponseError);
    expect(error.attempts.map(({ status }) => status)).toEqual([401, 401]);
  });

  test.each<[string, NonNullable<AttemptAuth["renew"]> | undefined]>([
    ["that cannot", undefined],
    ["that has none", () => false],
    [
      "that fails at it",
      () => {
        throw new Error("no");
      },
    ],
    ["that fails at it later", () => Promise.reject(new Error("no"))],
  ])("of a provider %s is the answer", async (_what, renew) => {
    await using server = await httpServer(answerStatuses(401));
    const auth = { name: "own", apply: () => ({ headers: { a: "1" } }), ...(renew === undefined ? {} : { renew }) };
    await using service = await startedPayments(server, { auth });
    const error = await failureOf(service.get("/x"), isServiceResponseError);
    expect(error).toMatchObject({ status: 401, attempts: [{ status: 401 }] });
  });

  test("stands where the renewal takes longer than the attempt may", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerStatuses(401));
    const started = Promise.withResolvers<void>();
    const auth = renewing(() => {
      started.resolve();
      return never;
    });
    await using service = await startedPayments(server, { auth, clock, attemptTimeoutMs: 50 });
    const failed = failureOf(service.get("/x"), isServiceResponseError);
    await started.promise;
    await clock.advance(50);
    expect(await failed).toMatchObject({ status: 401 });
  });

  test("of another status asks nobody for anything", async () => {
    await using server = await httpServer(answerStatuses(403));
    let asked = 0;
    await using service = await startedPayments(server, { auth: renewing(() => (asked += 1) > 0) });
    await failureOf(service.get("/x"), isServiceResponseError);
    expect(asked).toBe(0);
  });
});

test("what a provider sets is hidden in the log, whatever its name", async () => {
  const { logger, entries } = logbook();
  await using server = await httpServer();
  const auth = recorder(async () => ({ headers: { "x-kunde": "s3cr3t" }, query: { kunde: "s3cr3t" } }));
  await using service = await startedPayments(server, { auth, logger });
  await service.get("/x");
  expect(inspect(entries, { depth: 9 })).not.toContain("s3cr3t");
});

describe("for the transport", () => {
  const { request } = prepared();

  test("a request tells the names of its credentials, which are for no other origin", () => {
    const authorized = withCredentials(request, { headers: { "X-Key": "k" }, query: { sig: "s" } }, undefined);
    expect(authorized.credentials).toEqual({ headers: new Set(["x-key"]), query: new Set(["sig"]) });
    expect(authorized).toMatchObject({ path: "/x?sig=s", headers: { accept: "a/b", "x-key": "k" } });
    // The request itself serves the next attempt as well.
    expect(request.headers).toEqual({ accept: "a/b" });
  });

  test("a request to which nothing is added stays the same object", () => {
    expect(withCredentials(request, {}, undefined)).toBe(request);
    expect(withCredentials(request, { headers: { a: "1" } }, { A: undefined })).toBe(request);
  });
});
