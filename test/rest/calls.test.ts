import { describe, expect, test } from "vitest";
import { z } from "zod";
import { isServiceResponseError } from "../../src/core/errors.ts";
import { type Logger, silentLogger } from "../../src/core/logger.ts";
import type { CallOptions } from "../../src/rest/request.ts";
import { answerJson, answerStatuses, httpServer } from "../support/http-server.ts";
import { failureOf, logbook, reasonOf, startedPayments } from "../support/rest-client.ts";

const Payment = z.object({ id: z.string() });

describe("a logger that throws", () => {
  const defect = new Error("the disk is full");
  const refuse = (): never => {
    throw defect;
  };
  const logger = { ...silentLogger, child: () => logger, warn: refuse };

  test.each<[string, CallOptions]>([
    ["without a schema", {}],
    ["with one for its status", { schema: { 200: Payment, 404: z.unknown() } } as CallOptions],
  ])("ends the call that failed, %s", async (_what, options) => {
    await using server = await httpServer(answerStatuses(404));
    await using service = await startedPayments(server, { logger });
    expect(await reasonOf(service.getJson("/x", options))).toBe(defect);
  });

  test.each([
    ["a schema", Payment],
    ["a schema that is asynchronous", Payment.refine(() => Promise.resolve(true))],
  ])("ends the call whose answer does not match %s", async (_what, schema) => {
    await using server = await httpServer(answerJson({ id: 5 }));
    await using service = await startedPayments(server, { logger });
    expect(await reasonOf(service.getJson("/x", { schema }))).toBe(defect);
  });
});

test("a logger that throws at the head of a streamed answer gives the connection back", async () => {
  const defect = new Error("the disk is full");
  const logger: Logger = {
    ...silentLogger,
    isLevelEnabled: () => true,
    child: () => logger,
    debug: ({ path }, message) => {
      if (message === "response" && path === "/export") throw defect;
    },
  };
  await using server = await httpServer((_request, response, number) => {
    response.write("begun");
    if (number > 1) response.end();
  });
  await using service = await startedPayments(server, { logger, maxConnections: 1 });
  expect(await reasonOf(service.stream("/export"))).toBe(defect);
  expect((await service.get("/x")).text()).toBe("begun");
});

describe("a call that failed is logged once", () => {
  const logged = [{ level: "warn", message: "call failed", fields: { error: { code: "response-status" } } }];

  test("also where the schema for its status throws, which is what the call then fails by", async () => {
    await using server = await httpServer(answerStatuses(404));
    const { logger, entries } = logbook(false);
    await using service = await startedPayments(server, { logger });
    const defect = new Error("a defect of the schema");
    const schema = z.unknown().refine(() => {
      throw defect;
    });
    expect(await reasonOf(service.getJson("/x", { schema: { 404: schema } }))).toBe(defect);
    expect(entries.filter(({ level }) => level !== "debug")).toMatchObject(logged);
  });

  test("also where the schema for its status has not ended in time", async () => {
    await using server = await httpServer(answerStatuses(404));
    const { logger, entries } = logbook(false);
    await using service = await startedPayments(server, { logger });
    const schema = z.unknown().refine(() => new Promise(() => undefined));
    await failureOf(service.getJson("/x", { schema: { 404: schema }, deadlineMs: 200 }), isServiceResponseError);
    expect(entries.filter(({ level }) => level !== "debug")).toMatchObject(logged);
  });
});

test("options that cannot be read reject the call, as all that is wrong with it does", async () => {
  await using server = await httpServer();
  await using service = await startedPayments(server);
  const defect = new Error("a getter of the caller's");
  const options = {
    get schema(): never {
      throw defect;
    },
  };
  expect(await reasonOf(service.getJson("/x", options))).toBe(defect);
  expect(server.requests).toEqual([]);
});
