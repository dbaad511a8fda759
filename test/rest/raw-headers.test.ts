import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Agent, type Dispatcher } from "undici";
import { describe, expect, test } from "vitest";
import { httpServer } from "../support/http-server.ts";
import { startedPayments } from "../support/rest-client.ts";

type RawHeaders = Dispatcher.DispatchController["rawHeaders"];

/** What undici keeps of the request that `call` makes: its only property with raw headers, whatever that is named. */
async function rawHeadersAfter(call: () => Promise<unknown>): Promise<RawHeaders> {
  let made: object | undefined;
  const note = (message: unknown): void => void ({ request: made } = message as { request: object });
  subscribe("undici:request:create", note);
  try {
    await call();
  } finally {
    unsubscribe("undici:request:create", note);
  }
  if (made === undefined) throw new Error("no request was made");
  const own = new Map(Object.getOwnPropertySymbols(made).map((key) => [key.description, Reflect.get(made ?? {}, key)]));
  return (own.get("controller") as Dispatcher.DispatchController).rawHeaders;
}

describe("undici's list of the headers as they came", () => {
  test("is empty once the answer's own headers were made of it", async () => {
    await using server = await httpServer((_request, response) => response.setHeader("x-a", "1").end("{}"));
    await using service = await startedPayments(server);
    let header: string | undefined;
    const raw = await rawHeadersAfter(async () => {
      header = (await service.get("/x")).header("x-a");
    });
    expect(raw).toEqual([]);
    expect(header).toBe("1");
  });

  test("is empty too after an informational answer before it", async () => {
    await using server = await httpServer((_request, response) => {
      response.writeEarlyHints({ link: "</style.css>; rel=preload" });
      response.setHeader("x-a", "1").end("{}");
    });
    await using service = await startedPayments(server);
    expect(await rawHeadersAfter(async () => service.get("/x"))).toEqual([]);
  });

  test("stays whole where a cache stands before the connections", async () => {
    await using server = await httpServer((_request, response) => response.setHeader("x-a", "1").end("{}"));
    await using service = await startedPayments(server, { cache: true });
    expect(await rawHeadersAfter(() => service.get("/x"))).toContainEqual(Buffer.from("x-a"));
  });

  test("stays whole for whoever undici has told of it", async () => {
    await using server = await httpServer((_request, response) => response.setHeader("x-a", "1").end("{}"));
    await using service = await startedPayments(server);
    const told: Buffer[][] = [];
    const note = (message: unknown): void =>
      void told.push((message as { response: { headers: Buffer[] } }).response.headers);
    subscribe("undici:request:headers", note);
    try {
      await service.get("/x");
    } finally {
      unsubscribe("undici:request:headers", note);
    }
    expect(told.map((headers) => headers.map(String))).toEqual([expect.arrayContaining(["x-a", "1"])]);
  });

  test("is left alone where the dispatcher is not our own", async () => {
    await using server = await httpServer((_request, response) => response.setHeader("x-a", "1").end("{}"));
    const dispatcher = new Agent();
    await using service = await startedPayments(server, { dispatcher });
    const raw = await rawHeadersAfter(() => service.get("/x"));
    await dispatcher.close();
    expect(raw).toContainEqual(Buffer.from("x-a"));
  });
});
