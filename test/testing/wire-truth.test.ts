import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import type { ExternalServiceError } from "../../src/core/errors.ts";
import type { RESTServiceOptions } from "../../src/rest/options.ts";
import type { RESTService } from "../../src/rest/rest-service.ts";
import type { ServiceResponse } from "../../src/rest/response.ts";
import { inPieces, type MockExpectation, mockTransport, type MockFault } from "../../src/testing/index.ts";
import { type Certificates, makeCertificates } from "../support/certificates.ts";
import { httpServer, httpsServer, rawServer, refusingUrl } from "../support/http-server.ts";
import { anyFailureOf, startedPayments } from "../support/rest-client.ts";

// What a mock makes of a call must be what the network makes of it. So each case is played twice: against a real peer
// over a socket, and against the mock; and what the service then says is compared, down to its message.

interface Place extends AsyncDisposable {
  readonly url: string;
}

const nowhere = (url: string): Place => ({ url, [Symbol.asyncDispose]: async () => undefined });
const onRequest = (act: (socket: Socket) => void): Promise<Place> =>
  rawServer((socket) => void socket.on("data", () => act(socket)));
const headOf = (length: number): string => `HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`;

let certificates: Certificates;

beforeAll(async () => {
  certificates = await makeCertificates();
});

/** What an error says, without what no two runs have in common. */
function factsOf(error: ExternalServiceError): object {
  const { elapsedMs: _elapsedMs, attempts, ...facts } = error.toJSON();
  const ends = (attempts as readonly { outcome: string; code: string }[]).map(({ outcome, code }) => [outcome, code]);
  const message = error.message.replaceAll(/\d+ ms|127\.0\.0\.1:\d+/g, "…");
  return { ...facts, message, attempts: ends };
}

type Call = (service: RESTService) => Promise<unknown>;
const get: Call = (service) => service.get("/x");
const post: Call = (service) => service.post("/x", { json: { amount: 1 } });
const upload: Call = (service) => service.put("/x", { stream: () => [Buffer.from("abc"), Buffer.from("def")] });

async function bothFailures(
  real: Place,
  arrange: (expectation: MockExpectation) => unknown,
  call: Call,
  options: Partial<RESTServiceOptions> = {},
): Promise<{ readonly real: object; readonly mocked: object }> {
  const shared = { retry: { maxRetries: 1 }, ...options };
  await using overWire = await startedPayments(real, shared);
  const wire = await anyFailureOf(call(overWire));
  await using mock = mockTransport();
  for (const method of ["GET", "POST", "PUT"] as const) arrange(mock.on(method, "/x").optional().persist());
  const { tls: _tls, ...others } = shared;
  await using overMock = await startedPayments(real, { ...others, dispatcher: mock });
  return { real: factsOf(wire), mocked: factsOf(await anyFailureOf(call(overMock))) };
}

describe("a fault is what it is over a socket", () => {
  const faults: Record<MockFault, () => Promise<Place>> = {
    refused: async () => nowhere(await refusingUrl()),
    dns: async () => nowhere("http://no-such-host.invalid"),
    tls: () => httpsServer(certificates.server),
    "connect-timeout": async () => {
      // It takes the connection, and never answers the TLS handshake.
      const silent = await rawServer(() => undefined);
      return { url: silent.url.replace("http:", "https:"), [Symbol.asyncDispose]: () => silent[Symbol.asyncDispose]() };
    },
    reset: () => onRequest((socket) => void socket.resetAndDestroy()),
    closed: () => onRequest((socket) => void socket.end()),
    hang: () => onRequest(() => undefined),
    malformed: () => onRequest((socket) => void socket.end("this is no HTTP\r\n\r\n")),
  };
  // Each limit where it is to pass, and nowhere near another: a busy machine must not confuse them.
  const limitsOf: Partial<Record<MockFault, Partial<RESTServiceOptions>>> = {
    "connect-timeout": { connectTimeoutMs: 100 },
    hang: { attemptTimeoutMs: 400 },
  };

  const cases = Object.entries(faults).flatMap(([fault, peer]) =>
    [
      { how: "a GET", call: get },
      { how: "a POST", call: post },
      { how: "a streamed PUT", call: upload },
    ].map((one) => ({ ...one, fault: fault as MockFault, peer })),
  );

  test.each(cases)("$fault upon $how", async ({ fault, peer, call }) => {
    await using place = await peer();
    const { real, mocked } = await bothFailures(place, (expectation) => expectation.fail(fault), call, limitsOf[fault]);
    expect(mocked).toEqual(real);
  });
});

describe("a body that is cut is what it is over a socket", () => {
  test.each([
    {
      how: "by a reset within its length",
      peer: () =>
        onRequest((socket) => void socket.write(`${headOf(6)}abc`, () => setImmediate(() => socket.resetAndDestroy()))),
      arrange: (one: MockExpectation) => one.reply(200, Buffer.from("abcdef"), { cutAfterBytes: 3 }),
    },
    {
      how: "by the end of the connection within its length",
      peer: () => onRequest((socket) => void socket.end(`${headOf(6)}abc`)),
      arrange: (one: MockExpectation) => one.reply(200, Buffer.from("abcdef"), { cutAfterBytes: 3, cutBy: "close" }),
    },
    {
      how: "by the end of the connection among its chunks",
      peer: () =>
        onRequest((socket) => void socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")),
      arrange: (one: MockExpectation) => one.reply(200, inPieces(["abc", "def"]), { cutAfterBytes: 3, cutBy: "close" }),
    },
    {
      how: "by a length that is too large",
      peer: () => onRequest((socket) => void socket.end(`${headOf(10)}abc`)),
      arrange: (one: MockExpectation) => one.reply(200, "abc", { headers: { "content-length": "10" } }),
    },
    {
      how: "by the end of its gzip",
      peer: () =>
        httpServer((_request, response) => {
          response.setHeader("content-encoding", "gzip");
          response.end(gzipSync("abcdef").subarray(0, 10));
        }),
      arrange: (one: MockExpectation) =>
        one.reply(200, gzipSync("abcdef").subarray(0, 10), { headers: { "content-encoding": "gzip" } }),
    },
  ])("$how", async ({ peer, arrange }) => {
    await using place = await peer();
    const { real, mocked } = await bothFailures(place, arrange, get);
    expect(mocked).toEqual(real);
  });
});

describe("an answer is what it is over a socket", () => {
  type Answer = (response: ServerResponse) => void;
  const plain = { "content-type": "text/plain" };
  const cases: readonly {
    readonly what: string;
    readonly method?: "GET" | "HEAD";
    readonly peer: Answer;
    readonly arrange: (expectation: MockExpectation) => unknown;
  }[] = [
    {
      what: "names of headers in lower case, repeated ones as a list",
      peer: (response) => void response.writeHead(200, { "X-Trace": "7", "Set-Cookie": ["a=1", "b=2"] }).end(),
      arrange: (one) => one.reply(200, undefined, { headers: { "X-Trace": "7", "Set-Cookie": ["a=1", "b=2"] } }),
    },
    {
      what: "a HEAD without the body, and with its length",
      method: "HEAD",
      peer: (response) => void response.writeHead(200, { ...plain, "content-length": "5" }).end("hello"),
      arrange: (one) => one.reply(200, "hello", { headers: plain }),
    },
    {
      what: "a 204 without a length",
      peer: (response) => void response.writeHead(204).end(),
      arrange: (one) => one.reply(204),
    },
    {
      what: "gzip, undone",
      peer: (response) =>
        void response.writeHead(200, { ...plain, "content-encoding": "gzip" }).end(gzipSync("hello ".repeat(100))),
      arrange: (one) =>
        one.reply(200, gzipSync("hello ".repeat(100)), { headers: { ...plain, "content-encoding": "gzip" } }),
    },
    {
      what: "JSON that is an error",
      peer: (response) =>
        void response.writeHead(422, { "content-type": "application/problem+json" }).end('{"title":"no"}'),
      arrange: (one) => one.reply(422, { title: "no" }, { headers: { "content-type": "application/problem+json" } }),
    },
  ];
  // Of the connection, and of the moment; a mock that is given none sends none.
  const notOfTheAnswer = new Set(["date", "connection", "keep-alive", "transfer-encoding", "content-length"]);
  const shown = ({ status, headers, text }: Pick<ServiceResponse, "status" | "headers" | "text">): object => ({
    status,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !notOfTheAnswer.has(name))),
    text: text(),
  });

  test.each(cases)("$what", async ({ method = "GET", peer, arrange }) => {
    const of = async (options: Partial<RESTServiceOptions>): Promise<unknown> => {
      await using service = await startedPayments(server, options);
      const result = await service.request(method, "/x").safe();
      if (!result.ok) return factsOf(result.error);
      const response = result.value;
      return shown({ status: response.status, headers: response.headers, text: () => response.text() });
    };
    await using server = await httpServer((_request, response) => peer(response));
    await using mock = mockTransport();
    arrange(mock.on(method, "/x"));
    expect(await of({ dispatcher: mock })).toEqual(await of({}));
  });
});
