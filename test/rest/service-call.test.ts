import { describe, expect, test } from "vitest";
import { z } from "zod";
import { isServiceConfigurationError, isServiceResponseError } from "../../src/core/errors.ts";
import { safe, ServiceCall } from "../../src/rest/service-call.ts";
import { answerJson, answerNothing, answerStatuses, httpServer } from "../support/http-server.ts";
import { reasonOf, startedPayments } from "../support/rest-client.ts";

const Payment = z.object({ id: z.string() });

describe("safe() of a call", () => {
  test("resolves to the value and the answer that it comes from", async () => {
    await using server = await httpServer(answerJson({ id: "pay_1" }));
    await using service = await startedPayments(server);
    const result = await service.getJson("/payments/1", { schema: Payment }).safe();
    expect(result).toMatchObject({ ok: true, value: { id: "pay_1" }, response: { status: 200 } });
  });

  test("of a method without JSON has the response as its value", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const result = await service.get("/").safe();
    expect(result.ok && result.value === result.response).toBe(true);
  });

  test("resolves to the error of a call that failed", async () => {
    await using server = await httpServer(answerStatuses(404));
    await using service = await startedPayments(server);
    const result = await service.get("/").safe();
    expect(result.ok).toBe(false);
    expect(!result.ok && isServiceResponseError(result.error) && result.error.status).toBe(404);
  });

  test("tells the status that the service answered, and none where there was no answer, or one of success", async () => {
    await using server = await httpServer(answerStatuses(429, 404, 200));
    await using service = await startedPayments(server, { retry: false });
    const seen = [await service.get("/").safe(), await service.get("/").safe()];
    const unreadable = await service.getJson("/", { schema: Payment }).safe();
    await server[Symbol.asyncDispose]();
    const unanswered = await service.get("/").safe();
    expect([...seen, unreadable, unanswered].map((result) => !result.ok && [result.error.code, result.status])).toEqual(
      [
        ["rate-limited", 429],
        ["response-status", 404],
        [unreadable.ok ? "" : unreadable.error.code, undefined],
        [unanswered.ok ? "" : unanswered.error.code, undefined],
      ],
    );
    expect([unreadable.ok, unanswered.ok]).toEqual([false, false]);
  });

  test("resolves to the error of an answer that is not what was asked for", async () => {
    await using server = await httpServer(answerJson({ id: 5 }));
    await using service = await startedPayments(server);
    expect(await service.getJson("/", { schema: Payment }).safe()).toMatchObject({
      ok: false,
      error: { code: "decode-schema" },
    });
  });

  test("rejects for arguments that are wrong: that is a defect of the caller, and no result", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const reason = await reasonOf(service.get("https://elsewhere.test/").safe());
    expect(isServiceConfigurationError(reason)).toBe(true);
  });

  test("rejects with the caller's own reason, unchanged", async () => {
    await using server = await httpServer(answerNothing);
    await using service = await startedPayments(server);
    const controller = new AbortController();
    const call = service.get("/", { signal: controller.signal }).safe();
    await server.request(1);
    const why = { user: "left" };
    controller.abort(why);
    expect(await reasonOf(call)).toBe(why);
  });

  test("may be asked for twice, and beside awaiting the call itself", async () => {
    await using server = await httpServer(answerStatuses(404));
    await using service = await startedPayments(server);
    const call = service.get("/");
    const [one, two, reason] = await Promise.all([call.safe(), call.safe(), reasonOf(call)]);
    expect([one, two]).toEqual([
      { ok: false, error: reason, status: 404 },
      { ok: false, error: reason, status: 404 },
    ]);
    expect(server.requests).toHaveLength(1);
  });

  test("of a call that nobody else awaits leaves no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    await using server = await httpServer(answerStatuses(500));
    await using service = await startedPayments(server, { retry: false });
    await service.get("/").safe();
    await new Promise<void>((done) => setImmediate(done));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});

describe("a call", () => {
  test("is a promise like any other: awaited as it is, and what follows from it is a plain promise", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const call = service.get("/");
    expect(call).toBeInstanceOf(ServiceCall);
    expect(call).toBeInstanceOf(Promise);
    expect(Promise.resolve(call)).toBe(call);
    const then = call.then(() => 1);
    expect(then).not.toBeInstanceOf(ServiceCall);
    expect(await Promise.all([then, call.finally(() => undefined), call.catch(() => 0)])).toHaveLength(3);
  });
});

describe("safe() of any promise", () => {
  test("resolves to its value", async () => {
    expect(await safe(Promise.resolve(5))).toEqual({ ok: true, value: 5 });
  });

  test("resolves to the error where it fails with one of ours", async () => {
    await using server = await httpServer(answerStatuses(404));
    await using service = await startedPayments(server);
    const both = async (): Promise<number> => (await service.get("/a")).status + (await service.get("/b")).status;
    expect(await safe(both())).toMatchObject({ ok: false, error: { status: 404 } });
  });

  test("rejects with everything else", async () => {
    const defect = new TypeError("a defect");
    expect(await reasonOf(safe(Promise.reject(defect)))).toBe(defect);
  });
});
