import net, { type LookupFunction } from "node:net";
import { describe, expect, test, vi } from "vitest";
import { isServiceConfigurationError, isServiceConnectionError } from "../../src/core/errors.ts";
import { httpServer } from "../support/http-server.ts";
import { failureOf, payments, startedPayments } from "../support/rest-client.ts";
import { textOfBody, TransportCalls } from "../support/transport-calls.ts";

const blocked = { blockPrivateAddresses: true } as const;

/** Answers for each name one address after the other. */
const lookupOf =
  (names: Record<string, string[]>): LookupFunction =>
  (hostname, options, callback) => {
    const address = names[hostname]?.shift() ?? "";
    if (options.all === true) callback(null, [{ address, family: 4 }]);
    else callback(null, address, 4);
  };

/** What the guard lets through as public is connected to on this machine: no test leaves it. */
function leadingToLoopback(): Disposable {
  const connect = net.connect.bind(net) as (options: net.TcpNetConnectOpts) => net.Socket;
  const spy = vi.spyOn(net, "connect").mockImplementation(((options: net.TcpNetConnectOpts) => {
    const { lookup } = options;
    if (lookup === undefined) return connect(options);
    const led: LookupFunction = (hostname, how, callback) =>
      lookup(hostname, how, (error, found) => {
        if (error !== null) callback(error, found);
        else if (how.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
        else callback(null, "127.0.0.1", 4);
      });
    return connect({ ...options, lookup: led });
  }) as typeof net.connect);
  return { [Symbol.dispose]: () => spy.mockRestore() };
}

const lookupTo =
  (...answers: readonly string[]): LookupFunction =>
  (_hostname, options, callback) => {
    const found = answers.map((address) => ({ address, family: 4 }));
    if (options.all === true) callback(null, found);
    else callback(null, answers[0] ?? "", 4);
  };

describe("blockPrivateAddresses", () => {
  test.each([
    ["an address that is written out", (port: number) => `http://127.0.0.1:${port}`],
    ["the same in another notation", (port: number) => `http://0x7f.1:${port}`],
    ["an IPv6 address that stands for it", (port: number) => `http://[::ffff:127.0.0.1]:${port}`],
    ["a name of this machine", (port: number) => `http://localhost:${port}`],
  ])("refuses %s before a connection is made, once, and says why", async (_what, urlFor) => {
    await using server = await httpServer();
    await using service = await startedPayments({ url: urlFor(server.port) }, blocked);
    const error = await failureOf(service.get("/x"), isServiceConnectionError);
    expect(error).toMatchObject({
      code: "connection-blocked",
      fault: "blocked",
      outcome: "not-sent",
      retryable: false,
      notRetried: "permanent",
    });
    expect(error.message).toContain("blockPrivateAddresses forbids the connection: the host is a loopback address");
    expect(error.message).not.toContain("127.0.0.1");
    expect(error.attempts).toHaveLength(1);
    expect(server.connections).toBe(0);
  });

  test("refuses a name whose only address is private, as the connection itself would look it up", async () => {
    await using server = await httpServer();
    const url = `http://api.test:${server.port}`;
    await using open = new TransportCalls({ url }, {}, lookupTo("127.0.0.1"));
    expect(await textOfBody((await open.open("/x")).value.body)).toBe("{}");
    await using guarded = new TransportCalls({ url }, blocked, lookupTo("127.0.0.1"));
    const error = await failureOf(guarded.open("/x"), isServiceConnectionError);
    expect(error.fault).toBe("blocked");
    expect(server.connections).toBe(1);
  });

  test("holds for each hop of a redirect", async () => {
    await using inner = await httpServer();
    const location = `http://inner.test:${inner.port}/secret?token=sk_1`;
    await using outer = await httpServer((_request, response) => {
      response.writeHead(302, { location });
      response.end();
    });
    using _ = leadingToLoopback();
    const url = `http://outer.test:${outer.port}`;
    const names = { "outer.test": ["8.8.8.8"], "inner.test": ["10.0.0.1"] };
    await using guarded = new TransportCalls({ url }, blocked, lookupOf(names));
    const error = await failureOf(guarded.open("/x"), isServiceConnectionError);
    expect(error).toMatchObject({ fault: "blocked", outcome: "rejected" });
    expect(error.message).toContain("a private address (RFC 1918)");
    expect(error.message).not.toContain("sk_1");
    expect([outer.requests.length, inner.connections]).toEqual([1, 0]);
  });

  test("holds for every new connection: a name that moves is refused, and was looked up once for each", async () => {
    await using server = await httpServer((_request, response) => {
      response.setHeader("connection", "close");
      response.end("{}");
    });
    using _ = leadingToLoopback();
    const answers = ["8.8.8.8", "127.0.0.1"];
    const lookup = lookupOf({ "api.test": answers });
    await using guarded = new TransportCalls({ url: `http://api.test:${server.port}` }, blocked, lookup);
    expect(await textOfBody((await guarded.open("/x")).value.body)).toBe("{}");
    await server.allClosed();
    const error = await failureOf(guarded.open("/x"), isServiceConnectionError);
    expect(error.fault).toBe("blocked");
    expect([server.connections, answers]).toEqual([1, []]);
  });

  test.each([
    ["proxy", { proxy: "http://proxy.test:3128" }],
    ["socketPath", { socketPath: "/run/service.sock" }],
  ])("with %s is a contradiction, told at construction", (name, other) => {
    expect(() => payments({ url: "https://api.test" }, { ...blocked, ...other })).toThrow(
      `blockPrivateAddresses cannot be given with ${name}`,
    );
  });

  test("with a proxy of the environment is an error at start, and proxy: false the way out", async () => {
    const url = "https://api.test";
    const calls = new TransportCalls({ url }, blocked);
    const environment = { HTTPS_PROXY: "http://user:sk_1@proxy.test" };
    const error = await failureOf(calls.transport.start(environment), isServiceConfigurationError);
    expect(error.message).toContain("give proxy: false");
    expect(error.message).not.toContain("sk_1");
    await new TransportCalls({ url }, { ...blocked, proxy: false }).transport.start(environment);
  });
});
