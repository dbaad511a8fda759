import { once } from "node:events";
import * as http from "node:http";
import * as net from "node:net";
import { inspect } from "node:util";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { isServiceConnectionError, isServiceTimeoutError } from "../../src/core/errors.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { httpServer, httpsServer, rawServer } from "../support/http-server.ts";
import { failureOf, startedPayments } from "../support/rest-client.ts";

interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** What was asked of it: `GET http://…` to pass on, `CONNECT host:port` for a tunnel. */
  readonly asked: readonly string[];
  readonly credentials: readonly (string | undefined)[];
}

/** A proxy that takes every request to this machine. `refusal`: the status it answers with instead. */
async function proxyServer(refusal?: number): Promise<Proxy> {
  const asked: string[] = [];
  const credentials: (string | undefined)[] = [];
  const sockets = new Set<net.Socket>();
  const keep = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  };
  const note = (request: http.IncomingMessage): void => {
    asked.push(`${request.method} ${request.url}`);
    credentials.push(request.headers["proxy-authorization"]);
  };
  const server = http.createServer((request, response) => {
    note(request);
    if (refusal !== undefined) {
      response.writeHead(refusal);
      response.end();
      return;
    }
    const { "proxy-authorization": _own, ...headers } = request.headers;
    const { port, pathname } = new URL(request.url ?? "");
    const passed = http.request({ host: "127.0.0.1", port, path: pathname, method: request.method, headers });
    passed.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(passed);
  });
  server.on("connection", keep);
  server.on("connect", (request: http.IncomingMessage, socket: net.Socket) => {
    note(request);
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No\r\n\r\n`);
      return;
    }
    const target = net.connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      target.pipe(socket).pipe(target);
    });
    keep(target);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    asked,
    credentials,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

const noProxy = { HTTP_PROXY: "", HTTPS_PROXY: "", NO_PROXY: "", http_proxy: "", https_proxy: "", no_proxy: "" };

/** Variables of this process, until disposed of. */
function environment(variables: Record<string, string>): Disposable {
  for (const [name, value] of Object.entries({ ...noProxy, ...variables })) vi.stubEnv(name, value);
  return { [Symbol.dispose]: () => void vi.unstubAllEnvs() };
}

let certificates: Certificates;

beforeAll(async () => {
  certificates = await makeCertificates();
});

describe("a proxy", () => {
  test("is asked to pass on what goes to http, with its credentials and not the service's", async () => {
    await using proxy = await proxyServer();
    await using server = await httpServer();
    const url = proxy.url.replace("//", "//user:sk_1@");
    await using service = await startedPayments(server, { proxy: url });
    expect(await service.postJson("/x", { json: { a: 1 } })).toEqual({});
    expect(proxy.asked).toEqual([`POST ${server.url}/x`]);
    expect(proxy.credentials).toEqual([`Basic ${Buffer.from("user:sk_1").toString("base64")}`]);
    expect(server.requests[0]).toMatchObject({ url: "/x", body: '{"a":1}' });
    expect(server.requests[0]?.headers).not.toHaveProperty("proxy-authorization");
    expect(inspect(service, { depth: 9, showHidden: true })).not.toContain("sk_1");
  });

  test("is asked for a tunnel to what goes to https, which it cannot look into", async () => {
    await using proxy = await proxyServer();
    await using server = await httpsServer(certificates.server);
    await using service = await startedPayments(server, { proxy: proxy.url, tls: { ca: certificates.ca } });
    for (let i = 0; i < 3; i++) expect(await service.getJson("/x")).toEqual({});
    expect(new Set(proxy.asked)).toEqual(new Set([`CONNECT 127.0.0.1:${server.port}`]));
    expect(proxy.asked.length).toBeLessThanOrEqual(2);
  });

  test.each([
    [407, 1],
    [502, 3],
  ])("that refuses a tunnel with %i is a connection that was not made: %i attempts", async (status, attempts) => {
    await using proxy = await proxyServer(status);
    const url = "https://api.test";
    const address = proxy.url.replace("//", "//user:sk_1@");
    await using service = await startedPayments({ url }, { proxy: address });
    const error = await failureOf(service.post("/x", { json: 1 }), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "connect", outcome: "not-sent" });
    expect(error.message).toContain(`the proxy refused to connect, with status ${status}`);
    expect(error.attempts).toHaveLength(attempts);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("sk_1");
  });

  test("that wants credentials to pass something on is not taken for the service", async () => {
    await using proxy = await proxyServer(407);
    await using server = await httpServer();
    await using service = await startedPayments(server, { proxy: proxy.url });
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error.message).toContain("the proxy refused to connect, with status 407");
    expect(server.connections).toBe(0);
  });

  test("that resets the connection cuts a body without a length short", async () => {
    await using proxy = await rawServer((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nhalf", () => {
          // Not in one segment with the reset, which would drop what was not read yet.
          setImmediate(() => socket.resetAndDestroy());
        });
      });
    });
    const options = { proxy: proxy.url, retry: false } as const;
    await using service = await startedPayments({ url: "http://api.test" }, options);
    expect(await failureOf(service.get("/x"), isServiceConnectionError)).toMatchObject({ fault: "reset" });
  });

  test("that accepts and says nothing does not outlast the limits, nor close()", async () => {
    await using silent = await rawServer((socket) => void socket.resume());
    const service = await startedPayments(
      { url: "https://api.test" },
      { proxy: silent.url, attemptTimeoutMs: 50, deadlineMs: 50, retry: false },
    );
    const error = await failureOf(service.get("/x"), isServiceTimeoutError);
    expect(error.outcome).toBe("not-sent");
    await service.close();
    await silent.allClosed();
  });
});

describe("the environment", () => {
  test("is read when the service starts, and not again", async () => {
    await using proxy = await proxyServer();
    await using server = await httpServer();
    await using direct = await startedPayments(server);
    using _ = environment({ HTTP_PROXY: proxy.url });
    await direct.get("/direct");
    await using proxied = await startedPayments(server);
    vi.unstubAllEnvs();
    await proxied.get("/proxied");
    expect(proxy.asked).toEqual([`GET ${server.url}/proxied`]);
    expect(server.requests.map(({ url }) => url)).toEqual(["/direct", "/proxied"]);
  });

  test("says in NO_PROXY what is reached without", async () => {
    await using proxy = await proxyServer();
    await using server = await httpServer();
    using _ = environment({ HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" });
    await using service = await startedPayments(server);
    await service.get("/x");
    expect(proxy.asked).toEqual([]);
  });

  test("is not asked where proxy is false", async () => {
    await using proxy = await proxyServer();
    await using server = await httpServer();
    using _ = environment({ HTTP_PROXY: proxy.url });
    await using service = await startedPayments(server, { proxy: false });
    await service.get("/x");
    expect(proxy.asked).toEqual([]);
  });
});
