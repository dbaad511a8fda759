import { describe, expect, test } from "vitest";
import { type Answering, httpServer } from "../support/http-server.ts";
import { startedPayments } from "../support/rest-client.ts";
import { textOfBody, TransportCalls } from "../support/transport-calls.ts";
import { settled } from "../support/virtual-clock.ts";

const cacheable =
  (headers: Record<string, string> = {}): Answering =>
  (_request, response, number) => {
    response.writeHead(200, { "cache-control": "max-age=60", "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ number }));
  };

describe("a cache", () => {
  test("answers again what its headers allow, without asking the service", async () => {
    await using server = await httpServer(cacheable());
    await using service = await startedPayments(server, { cache: true });
    expect(await service.getJson("/x")).toEqual({ number: 1 });
    await settled();
    const again = await service.get("/x");
    expect(again.json()).toEqual({ number: 1 });
    expect(again.header("age")).toMatch(/^\d$/);
    expect(await service.getJson("/y")).toEqual({ number: 2 });
    expect(server.requests).toHaveLength(2);
  });

  test("is off unless it is asked for", async () => {
    await using server = await httpServer(cacheable());
    await using service = await startedPayments(server);
    await service.get("/x");
    await settled();
    expect(await service.getJson("/x")).toEqual({ number: 2 });
  });

  test.each([
    ["authorization", "Bearer a", "Bearer b"],
    ["authorization", "Bearer a", undefined],
    ["authorization", undefined, "Bearer b"],
    ["cookie", "session=a", "session=b"],
    ["x-any-name", "a", "b"],
  ])("never answers to other credentials: %s %s, then %s", async (name, first, second) => {
    await using server = await httpServer(cacheable({ "cache-control": "public, max-age=60" }));
    await using service = await startedPayments(server, { cache: true });
    const get = (value: string | undefined): Promise<unknown> => service.getJson("/x", { headers: { [name]: value } });
    expect(await get(first)).toEqual({ number: 1 });
    await settled();
    expect(await get(second)).toEqual({ number: 2 });
    await settled();
    expect([await get(first), await get(second)]).toEqual([{ number: 1 }, { number: 2 }]);
    expect(server.requests).toHaveLength(2);
  });

  test("answers whatever the trace of the call is", async () => {
    await using server = await httpServer(cacheable());
    await using service = await startedPayments(server, { cache: true });
    await service.get("/x", { headers: { traceparent: "00-1" } });
    await settled();
    await service.get("/x", { headers: { traceparent: "00-2" } });
    expect(server.requests).toHaveLength(1);
  });

  test("forgets what a write has changed, for everybody", async () => {
    await using server = await httpServer(cacheable());
    await using service = await startedPayments(server, { cache: true });
    const headers = { authorization: "Bearer a" };
    await service.get("/x", { headers });
    await settled();
    await service.put("/x", { json: 1, headers: { authorization: "Bearer b" } });
    await settled();
    expect(await service.getJson("/x", { headers })).toEqual({ number: 3 });
  });

  test("asks whether an old answer still holds, and sends nothing of its own along", async () => {
    await using server = await httpServer((request, response) => {
      const headers = { "cache-control": "max-age=0", etag: '"1"', vary: "accept" };
      response.writeHead(request.headers["if-none-match"] === '"1"' ? 304 : 200, headers);
      response.end(request.headers["if-none-match"] === '"1"' ? undefined : "{}");
    });
    await using service = await startedPayments(server, { cache: true });
    await service.getJson("/x");
    await settled();
    expect(await service.getJson("/x")).toEqual({});
    const [first, second] = server.requests;
    expect(second?.headers["if-none-match"]).toBe('"1"');
    const added = Object.keys(second?.headers ?? {}).filter((name) => !(name in (first?.headers ?? {})));
    expect(added.toSorted()).toEqual(["if-modified-since", "if-none-match"]);
  });

  test("keeps no more than it may", async () => {
    await using server = await httpServer(cacheable());
    await using service = await startedPayments(server, { cache: { maxBytes: 5 } });
    await service.get("/x");
    await settled();
    expect(await service.getJson("/x")).toEqual({ number: 2 });
  });

  test("serves open answers too", async () => {
    await using server = await httpServer(cacheable());
    await using calls = new TransportCalls(server, { cache: true });
    for (let i = 0; i < 2; i++) {
      expect(await textOfBody((await calls.open("/x")).value.body)).toBe('{"number":1}');
      await settled();
    }
    expect(calls.pipeline.inFlight).toBe(0);
    expect(server.requests).toHaveLength(1);
  });
});
