import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { isServiceConnectionError } from "../../src/core/errors.ts";
import { rawServer } from "../support/http-server.ts";
import { failureOf, startedPayments } from "../support/rest-client.ts";
import { settled } from "../support/virtual-clock.ts";

const noRetry = { retry: false } as const;
const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/** Answers the first request of the first connection, and does this to the second; other connections are well. */
function breaksOnReuse(breakIt: (socket: Socket) => void): (socket: Socket, number: number) => void {
  return (socket, number) => {
    let requests = 0;
    socket.on("data", () => {
      requests += 1;
      if (number === 1 && requests === 2) breakIt(socket);
      else socket.write(ok);
    });
  };
}

const breaks: readonly [string, (socket: Socket) => void][] = [
  ["a FIN", (socket) => void socket.end()],
  ["a RST", (socket) => void socket.resetAndDestroy()],
];

describe("a connection that had served before and breaks before its answer begins", () => {
  test.each(breaks)("with %s, is replayed at once and free of charge, without any retry", async (_how, breakIt) => {
    await using server = await rawServer(breaksOnReuse(breakIt));
    await using service = await startedPayments(server, { maxConnections: 1, ...noRetry });
    await service.get("/x");
    await settled();
    const { attempts } = await service.get("/x");
    expect(attempts).toMatchObject([
      { code: "connection-reset", outcome: "unknown" },
      { reason: "stale-connection", status: 200 },
    ]);
    expect(server.connections).toBe(2);
  });

  test.each(breaks)("with %s, is not replayed where the call may have taken effect", async (_how, breakIt) => {
    await using server = await rawServer(breaksOnReuse(breakIt));
    await using service = await startedPayments(server, { maxConnections: 1 });
    await service.get("/x");
    await settled();
    const error = await failureOf(service.post("/x", { json: 1 }), isServiceConnectionError);
    expect(error).toMatchObject({ outcome: "unknown", notRetried: "unsafe" });
    expect(error.attempts).toHaveLength(1);
  });

  test("is replayed once per call", async () => {
    await using server = await rawServer((socket) => {
      let requests = 0;
      socket.on("data", () => {
        requests += 1;
        if (requests === 2) socket.destroy();
        else socket.write(ok);
      });
    });
    await using service = await startedPayments(server, { maxConnections: 1, ...noRetry });
    await service.get("/1");
    await settled();
    expect((await service.get("/2")).attempts).toHaveLength(2);
    await settled();
    expect((await service.get("/3")).attempts).toHaveLength(2);
  });
});

describe("no free replay is made", () => {
  test.each(breaks)("on a fresh connection that breaks with %s", async (_how, breakIt) => {
    await using server = await rawServer((socket) => void socket.on("data", () => breakIt(socket)));
    await using service = await startedPayments(server, noRetry);
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error.attempts).toHaveLength(1);
  });

  test("on a new connection of a place in the pool whose last one had served", async () => {
    await using server = await rawServer((socket, number) => {
      socket.on("data", () => {
        if (number === 1) socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}");
        else socket.destroy();
      });
    });
    await using service = await startedPayments(server, { maxConnections: 1, ...noRetry });
    await service.get("/x");
    await server.allClosed();
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error.attempts).toHaveLength(1);
    expect(server.connections).toBe(2);
  });

  test("once a byte of the answer came", async () => {
    await using server = await rawServer(breaksOnReuse((socket) => void socket.end("H")));
    await using service = await startedPayments(server, { maxConnections: 1, ...noRetry });
    await service.get("/x");
    await settled();
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error.attempts).toHaveLength(1);
  });
});
