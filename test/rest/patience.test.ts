import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, test } from "vitest";
import { withDeadline } from "../../src/core/deadline.ts";
import { isServiceResponseError, isServiceTimeoutError, isServiceWaitError } from "../../src/core/errors.ts";
import { answerJson, answerStatuses, httpServer } from "../support/http-server.ts";
import { failureOf, startedPayments } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** A schema that tells when it is asked, and answers when it is told to. */
function slowSchema() {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<StandardSchemaV1.Result<string>>();
  const schema: StandardSchemaV1<unknown, string> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => {
        asked.resolve();
        return answer.promise;
      },
    },
  };
  return { schema, asked: asked.promise, answer: answer.resolve };
}

describe("a schema that does not come to an end", () => {
  test("is ended by the deadline of the call, which the service has accepted", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerJson({ id: 1 }));
    await using service = await startedPayments(server, { clock, deadlineMs: 2_000 });
    const slow = slowSchema();
    const call = failureOf(service.getJson("/x", { schema: slow.schema }), isServiceTimeoutError);
    await slow.asked;
    await clock.advance(2_000);
    expect(await call).toMatchObject({
      code: "timeout-deadline",
      limitMs: 2_000,
      phase: "decode",
      outcome: "accepted",
      retryable: false,
      attempts: [{ outcome: "accepted" }],
    });
  });

  test("is ended by the deadline that the call inherits", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerJson({ id: 1 }));
    await using service = await startedPayments(server, { clock });
    const slow = slowSchema();
    const call = withDeadline({ deadlineMs: 500, clock }, () =>
      failureOf(service.getJson("/x", { schema: slow.schema }), isServiceTimeoutError),
    );
    await slow.asked;
    await clock.advance(500);
    expect(await call).toMatchObject({ code: "timeout-deadline", limitMs: 500, phase: "decode" });
  });

  test("is ended by the caller's signal, whose reason passes through", async () => {
    await using server = await httpServer(answerJson({ id: 1 }));
    await using service = await startedPayments(server);
    const slow = slowSchema();
    const controller = new AbortController();
    const call = service.getJson("/x", { schema: slow.schema, signal: controller.signal });
    await slow.asked;
    controller.abort("left");
    await expect(call).rejects.toBe("left");
  });

  test("of an error's body leaves the error as it is", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerStatuses(404));
    await using service = await startedPayments(server, { clock, deadlineMs: 2_000 });
    const slow = slowSchema();
    const call = failureOf(service.getJson("/x", { schema: { 404: slow.schema } }), isServiceResponseError);
    await slow.asked;
    await clock.advance(2_000);
    expect(await call).toMatchObject({ status: 404 });
  });

  test("but answers in time has its say, and leaves no timer", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerJson({ id: 1 }));
    await using service = await startedPayments(server, { clock });
    const slow = slowSchema();
    const call = service.getJson("/x", { schema: slow.schema });
    await slow.asked;
    const { timers } = clock;
    slow.answer({ value: "checked" });
    expect(await call).toBe("checked");
    expect(clock.timers).toBe(timers - 1);
  });
});

describe("a schema of a stream that does not come to an end", () => {
  test("is ended by the deadline of all its lines", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer((_request, response) => void response.end("1\n"));
    await using service = await startedPayments(server, { clock });
    const slow = slowSchema();
    const first = failureOf(
      service.lines("/x", { schema: slow.schema, deadlineMs: 2_000 }).next(),
      isServiceTimeoutError,
    );
    await slow.asked;
    await clock.advance(2_000);
    expect(await first).toMatchObject({ code: "timeout-deadline", limitMs: 2_000, phase: "decode" });
  });

  test("is ended by the deadline of all its pages", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerJson([1]));
    await using service = await startedPayments(server, { clock });
    const slow = slowSchema();
    const pages = service.paginate("/x", { schema: slow.schema, deadlineMs: 2_000, items: () => [1] });
    const failed = failureOf(pages.toArray(), isServiceTimeoutError);
    await slow.asked;
    await clock.advance(2_000);
    expect(await failed).toMatchObject({ code: "timeout-deadline", limitMs: 2_000, phase: "decode" });
  });

  test("is ended by the limit of the wait that asks for it", async () => {
    const clock = new VirtualClock();
    await using server = await httpServer(answerJson({ id: 1 }));
    await using service = await startedPayments(server, { clock });
    const slow = slowSchema();
    const wait = service.waitFor("/x", { schema: slow.schema, until: () => true, maxWaitMs: 2_000 });
    const failed = failureOf(wait, isServiceWaitError);
    await slow.asked;
    await clock.advance(2_000);
    expect(await failed).toMatchObject({ code: "wait-timeout", polls: 1 });
  });

  test("is ended by the signal of the wait that asks for it", async () => {
    await using server = await httpServer(answerJson({ id: 1 }));
    await using service = await startedPayments(server);
    const slow = slowSchema();
    const controller = new AbortController();
    const { signal } = controller;
    const wait = service.waitFor("/x", { schema: slow.schema, until: () => true, signal });
    await slow.asked;
    controller.abort("left");
    await expect(wait).rejects.toBe("left");
  });

  test("is ended by the signal of its events, which have no deadline", async () => {
    await using server = await httpServer((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
    });
    await using service = await startedPayments(server);
    const slow = slowSchema();
    const controller = new AbortController();
    const first = service.events("/x", { schema: slow.schema, signal: controller.signal }).next();
    await slow.asked;
    controller.abort("left");
    await expect(first).rejects.toBe("left");
  });
});
