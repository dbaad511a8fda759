import { describe, expect, test } from "vitest";
import { z } from "zod";
import { isServiceConfigurationError, isServiceDecodeError, isServiceTimeoutError } from "../../src/core/errors.ts";
import { type Answering, httpServer, type TestServer } from "../support/http-server.ts";
import { failureOf, reasonOf, startedPayments } from "../support/rest-client.ts";

const queryOf = (url: string): URLSearchParams => new URL(url, "http://x").searchParams;

/** Numbers from 1, three on a page, with a link to the next one. */
const linked =
  (last: number): Answering =>
  ({ url }, response) => {
    const page = Number(queryOf(url).get("page") ?? 1);
    const items = [1, 2, 3].map((n) => (page - 1) * 3 + n);
    const link = page < last ? { link: `<?page=${page + 1}&per=3>; rel="next"` } : {};
    response.writeHead(200, { "content-type": "application/json", ...link }).end(JSON.stringify(items));
  };

const json =
  (of: (query: URLSearchParams, number: number) => unknown): Answering =>
  ({ url }, response, number) =>
    void response.end(JSON.stringify(of(queryOf(url), number)));

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const urls = (server: TestServer): string[] => server.requests.map(({ url }) => url);

describe("items that come in pages", () => {
  test("are followed by the Link header, one request for each page", async () => {
    await using server = await httpServer(linked(3));
    await using service = await startedPayments(server);
    expect(await all(service.paginate("/items", { params: { per: 3 } }))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(urls(server)).toEqual(["/items?per=3", "/items?page=2&per=3", "/items?page=3&per=3"]);
    expect(server.requests[0]?.headers.accept).toBe("application/json");
  });

  test("are followed by a cursor, with the type of the schema", async () => {
    const Events = z.object({ data: z.array(z.object({ id: z.number() })), next: z.string().nullable() });
    await using server = await httpServer(
      json((query) =>
        query.get("after") === "c1" ? { data: [{ id: 2 }], next: null } : { data: [{ id: 1 }], next: "c1" },
      ),
    );
    await using service = await startedPayments(server);
    const events = service.paginate("/events/{kind}", {
      path: { kind: "paid" },
      schema: Events,
      items: ({ data }) => data,
      next: { cursor: ({ body }) => body.next, param: "after" },
    });
    const ids = (await events.toArray()).map(({ id }) => id);
    expect(ids).toEqual([1, 2]);
    expect(urls(server)).toEqual(["/events/paid", "/events/paid?after=c1"]);
  });

  test("are followed by page number and by offset, to the first that is empty", async () => {
    await using server = await httpServer(json((query) => (Number(query.get("page") ?? 1) < 3 ? ["a", "b"] : [])));
    await using service = await startedPayments(server);
    expect(await all(service.paginate("/items", { next: { page: "page" } }))).toEqual(["a", "b", "a", "b"]);
    expect(urls(server)).toEqual(["/items", "/items?page=2", "/items?page=3"]);
    await using other = await httpServer(json((query) => (Number(query.get("skip") ?? 0) < 4 ? ["a", "b"] : ["c"])));
    await using offsets = await startedPayments(other);
    expect(await offsets.paginate("/items", { next: { offset: "skip", size: 2 } }).toArray()).toHaveLength(5);
    expect(urls(other)).toEqual(["/items", "/items?skip=2", "/items?skip=4"]);
  });

  test("are followed by a function, to a URL as it says", async () => {
    await using server = await httpServer(
      json((_query, number) => ({ rows: [number], more: number < 3 ? `/v1/rows?n=${number}` : undefined })),
    );
    await using service = await startedPayments(server, { endpointBase: "/v1" });
    const Rows = z.object({ rows: z.array(z.number()), more: z.string().optional() });
    const rows = service.paginate("/rows", {
      schema: Rows,
      items: ({ rows: list }) => list,
      next: ({ body }) => (body.more === undefined ? undefined : { url: body.more }),
    });
    expect(await all(rows)).toEqual([1, 2, 3]);
    expect(urls(server)).toEqual(["/v1/rows", "/v1/rows?n=1", "/v1/rows?n=2"]);
  });

  test("can be had page by page, with body and response", async () => {
    await using server = await httpServer(linked(2));
    await using service = await startedPayments(server);
    const pages = await all(service.paginate("/items").pages());
    expect(pages).toMatchObject([
      { number: 1, items: [1, 2, 3], body: [1, 2, 3], response: { status: 200 } },
      { number: 2, items: [4, 5, 6] },
    ]);
  });

  test("begin anew with each iteration", async () => {
    await using server = await httpServer(linked(1));
    await using service = await startedPayments(server);
    const items = service.paginate<number>("/items");
    expect([await all(items), await all(items)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });
});

describe("limits", () => {
  test("maxItems cuts the last page and asks for no more", async () => {
    await using server = await httpServer(linked(9));
    await using service = await startedPayments(server);
    expect(await all(service.paginate("/items", { maxItems: 4 }))).toEqual([1, 2, 3, 4]);
    expect(server.requests).toHaveLength(2);
    expect(await all(service.paginate("/items", { maxItems: 3 }))).toEqual([1, 2, 3]);
    expect(server.requests).toHaveLength(3);
  });

  test("maxPages ends quietly where it was asked for", async () => {
    await using server = await httpServer(linked(9));
    await using service = await startedPayments(server);
    expect(await all(service.paginate("/items", { maxPages: 2 }))).toHaveLength(6);
    expect(server.requests).toHaveLength(2);
  });

  test("leaving early asks for no further page, and leaves nothing open", async () => {
    await using server = await httpServer(linked(9));
    await using service = await startedPayments(server);
    for await (const item of service.paginate<number>("/items")) if (item === 2) break;
    expect(server.requests).toHaveLength(1);
    expect((await service.checkHealth()).details).toMatchObject({ inFlight: 0 });
  });

  test("pages that lead in a circle are an error, after each was seen once", async () => {
    await using server = await httpServer((_request, response, number) => {
      response.writeHead(200, { link: `<?page=${number % 2}>; rel=next` }).end("[]");
    });
    await using service = await startedPayments(server);
    const error = await failureOf(all(service.paginate("/items")), isServiceDecodeError);
    expect(error.code).toBe("decode-next-page");
    expect(error.message).toContain("GET /items: the pages lead in a circle");
    expect(server.requests).toHaveLength(3);
  });

  test("a cursor that never changes is a circle too", async () => {
    await using server = await httpServer(json(() => ["a"]));
    await using service = await startedPayments(server);
    const items = service.paginate("/items", { next: { cursor: () => "same" } });
    expect((await failureOf(all(items), isServiceDecodeError)).code).toBe("decode-next-page");
    expect(server.requests).toHaveLength(2);
  });

  test.each(["http://127.0.0.1:9/items", "/other/items", "../../admin"])(
    "a next page at %s, outside of the base, is not asked for",
    async (url) => {
      await using server = await httpServer((_request, response) => {
        response.writeHead(200, { link: `<${url}>; rel=next` }).end("[1]");
      });
      await using service = await startedPayments(server, { endpointBase: "/v1" });
      const seen: unknown[] = [];
      const reading = (async () => {
        for await (const item of service.paginate("/items")) seen.push(item);
      })();
      const error = await failureOf(reading, isServiceDecodeError);
      expect(error).toMatchObject({ code: "decode-next-page", outcome: "accepted" });
      expect(seen).toEqual([1]);
      expect(server.requests).toHaveLength(1);
    },
  );

  test("a deadline holds for all pages together", async () => {
    await using server = await httpServer((request, response, number) => {
      if (number < 3) linked(9)(request, response, number);
    });
    await using service = await startedPayments(server, { retry: false });
    const error = await failureOf(all(service.paginate("/items", { deadlineMs: 200 })), isServiceTimeoutError);
    expect(error.limit).toBe("deadline");
    expect(error.limitMs).toBeLessThan(200);
  });

  test("the caller's signal ends it, also between two pages", async () => {
    await using server = await httpServer(linked(9));
    await using service = await startedPayments(server);
    const controller = new AbortController();
    const items = service.paginate("/items", { signal: controller.signal });
    const reading = (async () => {
      for await (const _ of items.pages()) controller.abort("enough");
    })();
    expect(await reasonOf(reading)).toBe("enough");
    expect(server.requests).toHaveLength(1);
  });
});

describe("what is wrong", () => {
  test("a page that is no list says so, and an error of the service is its own", async () => {
    await using server = await httpServer(json(() => ({ data: [] })));
    await using service = await startedPayments(server);
    const error = await failureOf(all(service.paginate("/items")), isServiceDecodeError);
    expect(error.message).toContain("the page is not a list: say where its items are");
    const items = service.paginate("/items", { items: (body) => (body as { rows: number[] }).rows });
    await failureOf(all(items), isServiceConfigurationError);
    await failureOf(all(service.paginate("/items", { schema: z.array(z.number()) })), isServiceDecodeError);
  });

  test("options that are wrong are told at once, all of them, and arguments of the call with the first page", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const wrong = { next: "links", items: 1, maxPages: 0, maxItems: 1.5, schema: {} };
    expect(() => service.paginate("/items", wrong as never)).toThrow(/next must be .*[^]*items must be a function/);
    await failureOf(all(service.paginate("/items", { pages: 3 } as never)), isServiceConfigurationError);
    expect(server.connections).toBe(0);
  });
});

describe("pages that are large or odd", () => {
  test("are gathered whatever the number of their items", async () => {
    await using server = await httpServer(json(() => Array.from({ length: 200_000 }, () => 0)));
    await using service = await startedPayments(server);
    expect(await service.paginate("/x").toArray()).toHaveLength(200_000);
  });

  test("are followed from a path whose value is not well-formed, as that path was asked for", async () => {
    await using server = await httpServer(linked(2));
    await using service = await startedPayments(server);
    expect(await all(service.paginate("/x/{id}", { path: { id: "\uD800" } }))).toHaveLength(6);
    expect(urls(server)).toEqual(["/x/%EF%BF%BD", "/x/%EF%BF%BD?page=2&per=3"]);
  });

  test.each([
    ["page", { page: "page" }],
    ["offset", { offset: "page" }],
  ])("are not counted by %s from what is no number", async (_name, next) => {
    await using server = await httpServer(linked(2));
    await using service = await startedPayments(server);
    const made = (): unknown => service.paginate("/x", { params: { page: "abc" }, next });
    expect(made).toThrow("params.page must be a whole number, for the next pages are counted from it");
    expect(server.requests).toEqual([]);
  });
});
