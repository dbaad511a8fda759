import type { ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  isServiceConfigurationError,
  isServiceConnectionError,
  isServiceDecodeError,
  isServiceResponseError,
  isServiceTimeoutError,
} from "../../src/core/errors.ts";
import type { LinesBroken } from "../../src/rest/lines.ts";
import { httpServer, rawAnswer } from "../support/http-server.ts";
import { failureOf, reasonOf, startedPayments } from "../support/rest-client.ts";

type Script = (response: ServerResponse) => void;

const lineServer = (...scripts: readonly Script[]): ReturnType<typeof httpServer> =>
  httpServer((_request, response, number) => {
    response.on("error", () => undefined);
    scripts[Math.min(number, scripts.length) - 1]?.(response);
  });
const sends =
  (...pieces: readonly string[]): Script =>
  (response) => {
    for (const piece of pieces) response.write(piece);
    response.end();
  };
const breaksAfter =
  (text: string): Script =>
  (response) =>
    response.write(text, () => response.destroy());
const keepsOpenAfter =
  (text: string): Script =>
  (response) =>
    void response.write(text);

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
const Row = z.object({ n: z.number() });

describe("lines of JSON", () => {
  test("come as values, whatever the pieces; empty lines are none, and the last may lack its end", async () => {
    await using server = await lineServer(sends('{"n":1}\n{"n"', ':2}\r\n\n  \n{"n":3', "}"));
    await using service = await startedPayments(server);
    expect(await all(service.lines("/rows", { schema: Row }))).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(server.requests[0]?.headers.accept).toBe("application/x-ndjson");
  });

  test("come before the answer is over, and leaving early closes the connection", async () => {
    await using server = await lineServer(keepsOpenAfter('{"n":1}\n{"n":2}\n{"n'));
    await using service = await startedPayments(server);
    for await (const row of service.lines("/rows", { method: "POST", json: {}, schema: Row })) {
      if (row.n === 2) break;
    }
    await server.allClosed();
    expect(server.requests[0]?.method).toBe("POST");
  });

  test("that are not JSON, or not of the schema, end it with the number of the line", async () => {
    await using server = await lineServer(sends('{"n":1}\n\nsk_live\n'), sends('{"n":1}\n{"n":"sk_live"}\n'));
    await using service = await startedPayments(server);
    const json = await failureOf(all(service.lines("/rows")), isServiceDecodeError);
    const schema = await failureOf(all(service.lines("/rows", { schema: Row })), isServiceDecodeError);
    expect([json.code, schema.code]).toEqual(["decode-json", "decode-schema"]);
    expect(json.message).toContain("line 2 is not JSON");
    expect(schema.message).toContain("line 2 does not match the schema at n");
    expect(json.message + schema.message).not.toContain("sk_live");
  });

  test("of which one never ends fill no memory", async () => {
    await using server = await lineServer((response) => {
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(10_000)));
      };
      response.on("drain", more);
      more();
    });
    await using service = await startedPayments(server);
    const error = await failureOf(all(service.lines("/rows", { maxLineLength: 50_000 })), isServiceDecodeError);
    expect(error.code).toBe("decode-too-large");
    await server.allClosed();
  });

  test("that break off in half a line are an error, and the half is not handed out", async () => {
    await using server = await rawAnswer('HTTP/1.1 200 OK\ncontent-length: 50\n\n{"n":1}\n{"n":2');
    await using service = await startedPayments(server);
    const rows = service.lines("/rows");
    expect((await rows.next()).value).toEqual({ n: 1 });
    await failureOf(rows.next(), isServiceConnectionError);
  });

  test("that stop coming are an error by the limit between two pieces", async () => {
    await using server = await lineServer(keepsOpenAfter('{"n":1}\n'));
    await using service = await startedPayments(server);
    const error = await failureOf(all(service.lines("/rows", { idleTimeoutMs: 50 })), isServiceTimeoutError);
    expect(error.limit).toBe("body-idle");
  });
});

describe("lines that break off", () => {
  const quick = { reconnect: { baseDelayMs: 1, maxFailures: 2 } };

  test("go on where the caller says, after the last that was handed out", async () => {
    await using server = await lineServer(breaksAfter('{"n":1}\n{"n":2}\n{"n":3'), sends('{"n":3}\n'));
    await using service = await startedPayments(server);
    const asked: LinesBroken<{ n: number }>[] = [];
    const rows = service.lines("/rows", {
      params: { limit: 9 },
      schema: Row,
      resume: (broken) => {
        asked.push(broken);
        return { params: { limit: 9, after: broken.last?.n } };
      },
      ...quick,
    });
    expect(await all(rows)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(server.requests.map(({ url }) => url)).toEqual(["/rows?limit=9", "/rows?limit=9&after=2"]);
    expect(asked).toMatchObject([{ last: { n: 2 }, count: 2, error: { code: "connection-reset" } }]);
  });

  test("are an error where the caller does not know how to go on", async () => {
    await using server = await lineServer(breaksAfter('{"n":1}\n'));
    await using service = await startedPayments(server);
    await failureOf(all(service.lines("/rows", { resume: () => undefined, ...quick })), isServiceConnectionError);
    expect(server.requests).toHaveLength(1);
  });

  test("are given up after maxFailures that brought nothing", async () => {
    await using server = await lineServer(breaksAfter('{"n":1}\n'), breaksAfter(""));
    await using service = await startedPayments(server, { retry: false });
    await failureOf(all(service.lines("/rows", { resume: () => ({}), ...quick })), isServiceConnectionError);
    expect(server.requests).toHaveLength(3);
  });

  test("are not taken up where the service says for good that there are none", async () => {
    await using server = await lineServer(breaksAfter('{"n":1}\n'), (response) => void response.writeHead(410).end());
    await using service = await startedPayments(server);
    await failureOf(all(service.lines("/rows", { resume: () => ({}), ...quick })), isServiceResponseError);
    expect(server.requests).toHaveLength(2);
  });

  test("end with the deadline for all of them, and with the caller's reason", async () => {
    await using server = await lineServer(keepsOpenAfter('{"n":1}\n'));
    await using service = await startedPayments(server);
    const late = all(service.lines("/rows", { deadlineMs: 150, resume: () => ({}), ...quick }));
    expect((await failureOf(late, isServiceTimeoutError)).limit).toBe("deadline");
    const controller = new AbortController();
    const rows = service.lines("/rows", { signal: controller.signal, resume: () => ({}), ...quick });
    await rows.next();
    const next = reasonOf(rows.next());
    controller.abort("enough");
    expect(await next).toBe("enough");
  });

  test("wrong options are told at once", async () => {
    await using server = await lineServer(sends());
    await using service = await startedPayments(server);
    const wrong = { resume: 1, maxLineLength: 0.5, schema: 1, idleTimeoutMs: "1" };
    expect(() => service.lines("/", wrong as never)).toThrow(/schema must be.*[^]*resume must be.*[^]*maxLineLength/);
    expect(() => service.lines("/", quick)).toThrow(/reconnect needs resume/);
    await failureOf(service.lines("/", { limit: 1 } as never).next(), isServiceConfigurationError);
    expect(server.connections).toBe(0);
  });
});

test("a last line that only its torn character makes too long is too large, as any other", async () => {
  await using server = await httpServer((_request, response) => {
    response.end(Buffer.concat([Buffer.from("12345678"), Buffer.of(0xe2, 0x82)]));
  });
  await using service = await startedPayments(server);
  const error = await failureOf(all(service.lines("/x", { maxLineLength: 8 })), isServiceDecodeError);
  expect(error).toMatchObject({ code: "decode-too-large" });
});
