import { describe, expect, test } from "vitest";
import { isServiceResponseError, isServiceUnavailableError } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import { bearer, type BearerToken } from "../../../src/rest/auth/bearer.ts";
import { httpServer, type TestServer } from "../../support/http-server.ts";
import { failureOf, startedPayments } from "../../support/rest-client.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const tokensSeen = (server: TestServer): unknown[] => server.requests.map(({ headers }) => headers.authorization);

/** Answers 401 unless the request carries this token. */
const answerOnly =
  (token: string): Parameters<typeof httpServer>[0] =>
  (request, response) => {
    response.statusCode = request.headers.authorization === `Bearer ${token}` ? 200 : 401;
    response.end();
  };

describe("a function", () => {
  test("that gives a token without a lifetime is asked for each call", async () => {
    let asked = 0;
    await using server = await httpServer();
    await using service = await startedPayments(server, { auth: bearer(() => `t${++asked}`) });
    await service.get("/x");
    await service.get("/x");
    expect(tokensSeen(server)).toEqual(["Bearer t1", "Bearer t2"]);
  });

  test("is not asked twice at the same time", async () => {
    let asked = 0;
    await using server = await httpServer();
    const auth = bearer(async () => new Secret(`t${++asked}`));
    await using service = await startedPayments(server, { auth });
    await Promise.all(Array.from({ length: 20 }, () => service.get("/x")));
    expect(new Set(tokensSeen(server))).toEqual(new Set(["Bearer t1"]));
  });

  test("that gives one with a lifetime is asked again before its end", async () => {
    const clock = new VirtualClock();
    let asked = 0;
    await using server = await httpServer();
    const auth = bearer(async () => ({ token: `t${++asked}`, expiresInMs: 60_000 }));
    await using service = await startedPayments(server, { auth, clock });
    await service.get("/x");
    await service.get("/x");
    await clock.advance(59_000);
    await service.get("/x");
    expect(tokensSeen(server)).toEqual(["Bearer t1", "Bearer t1", "Bearer t2"]);
  });

  test("is asked anew after a 401, and the call made once more", async () => {
    const tokens = ["old", "new"];
    await using server = await httpServer(answerOnly("new"));
    const auth = bearer(() => ({ token: tokens.shift() ?? "", expiresInMs: 3_600_000 }));
    await using service = await startedPayments(server, { auth });
    const answers = await Promise.all([service.post("/x"), service.post("/x"), service.post("/x")]);
    for (const { attempts } of answers) expect(attempts.map(({ status }) => status)).toEqual([401, 200]);
    expect(tokens).toEqual([]);
  });

  test("that gives the token again that was refused leaves the 401 as the answer", async () => {
    await using server = await httpServer(answerOnly("new"));
    await using service = await startedPayments(server, { auth: bearer(() => "old") });
    const error = await failureOf(service.post("/x"), isServiceResponseError);
    expect(error.attempts.map(({ status }) => status)).toEqual([401, 401]);
  });

  test("that fails ends the call as transient, with nothing sent, and its own words stay out of the message", async () => {
    await using server = await httpServer();
    const auth = bearer(() => {
      throw new Error("s3cr3t");
    });
    await using service = await startedPayments(server, { auth, retry: false });
    const error = await failureOf(service.get("/x"), isServiceUnavailableError);
    expect(error).toMatchObject({ reason: "no-credentials", phase: "auth", outcome: "not-sent", retryable: true });
    expect(error.message).toContain("the function of bearer() failed (Error)");
    expect(JSON.stringify(error)).not.toContain("s3cr3t");
    expect(server.connections).toBe(0);
  });

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "gave no token that can be sent"],
    ["null", null, "gave no token that can be sent"],
    ["an empty token", "", "gave no token that can be sent"],
    ["the line end of a file", "t\n", "gave no token that can be sent"],
    ["no lifetime that is one", { token: "t", expiresInMs: "soon" }, "gave no valid expiresInMs"],
    ["a lifetime that is text", { token: "t", expiresInMs: "5000" }, "gave no valid expiresInMs"],
    ["a negative lifetime", { token: "t", expiresInMs: -1 }, "gave no valid expiresInMs"],
  ])("that gives %s fails the call for good", async (_what, given, problem) => {
    await using server = await httpServer();
    await using service = await startedPayments(server, { auth: bearer(() => given as BearerToken) });
    const error = await failureOf(service.get("/x"), isServiceUnavailableError);
    expect(error).toMatchObject({ retryable: false, notRetried: "permanent" });
    expect(error.message).toContain(problem);
  });
});
