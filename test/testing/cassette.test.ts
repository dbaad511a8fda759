import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isServiceConfigurationError, isServiceConnectionError, isServiceTimeoutError } from "../../src/core/errors.ts";
import { Secret } from "../../src/core/secret.ts";
import { apiKeyHeader, apiKeyQuery, basic } from "../../src/rest/auth/fixed.ts";
import type { RESTServiceOptions } from "../../src/rest/options.ts";
import type { RESTService } from "../../src/rest/rest-service.ts";
import { type Cassette, cassette, type CassetteOptions, mockTransport } from "../../src/testing/index.ts";
import { refusalOf } from "../support/configuration.ts";
import { type Answering, httpServer, rawServer, refusingUrl } from "../support/http-server.ts";
import { anyFailureOf, failureOf, logbook, startedPayments } from "../support/rest-client.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

let folder: string;
let files = 0;
const env = {};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hawser-cassette-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

const newFile = (): string => join(folder, "deep", `${++files}.json`);
const read = (file: string): string => readFileSync(file, "utf8");

type Work<T> = (service: RESTService) => Promise<T>;

/** Plays the work against a service through a cassette. */
async function through<T>(
  options: CassetteOptions,
  url: string,
  work: Work<T>,
  service: Partial<RESTServiceOptions> = {},
): Promise<T> {
  await using tape = cassette({ env, ...options });
  await using client = await startedPayments({ url }, { ...service, dispatcher: tape });
  return await work(client);
}

/** Records the work against a real server, then plays it with that server gone: both must come out the same. */
async function recordedAndPlayed<T>(
  answer: Answering,
  work: Work<T>,
  options: Partial<CassetteOptions> = {},
  service: Partial<RESTServiceOptions> = {},
): Promise<{ recorded: T; played: T; text: string }> {
  const file = newFile();
  let url = "";
  const record = async (): Promise<T> => {
    await using server = await httpServer(answer);
    url = server.url;
    return await through({ file, mode: "record", ...options }, server.url, work, service);
  };
  const recorded = await record();
  const played = await through({ file, mode: "replay", ...options }, url, work, service);
  return { recorded, played, text: read(file) };
}

const json =
  (value: unknown, headers: Record<string, string | string[]> = {}): Answering =>
  (_request, response) =>
    void response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));

describe("what was recorded is played", () => {
  test.each<[string, Answering, Work<unknown>]>([
    ["JSON", json({ id: 1, list: [1, "ä"] }), (service) => service.getJson("/x")],
    [
      "JSON that is gzip",
      (_q, r) =>
        void r
          .writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" })
          .end(gzipSync('{"id":1}')),
      (service) => service.getJson("/x"),
    ],
    [
      "text that is brotli",
      (_q, r) => void r.writeHead(200, { "content-encoding": "br" }).end(brotliCompressSync("a\nb")),
      async (service) => (await service.get("/x")).text(),
    ],
    [
      "bytes",
      (_q, r) => void r.end(Buffer.from([0, 255, 128, 1])),
      async (service) => [...(await service.get("/x")).bytes()],
    ],
    [
      "a number that JSON would lose",
      (_q, r) => void r.end('{"n": 12345678901234567890}'),
      async (service) => (await service.get("/x")).text(),
    ],
    ["an empty body", (_q, r) => void r.writeHead(204).end(), async (service) => (await service.delete("/x")).status],
    [
      "a HEAD",
      (_q, r) => void r.writeHead(200, { "content-length": "7" }).end(),
      async (service) => (await service.head("/x")).headers["content-length"],
    ],
    [
      "headers of one name",
      (_q, r) => void r.writeHead(200, { "x-part": ["a", "b"] }).end(),
      async (service) => (await service.get("/x")).headers["x-part"],
    ],
    [
      "a redirect",
      (q, r) => void (q.url === "/x" ? r.writeHead(302, { location: "/y" }).end() : r.end("there")),
      async (service) => (await service.get("/x")).text(),
    ],
    [
      "a 503 and the retry after it",
      (_q, r, n) => void r.writeHead(n === 1 ? 503 : 200).end("ok"),
      async (service) => (await service.get("/x")).attempts.map(({ code }) => code),
    ],
    [
      "an error",
      (_q, r) => void r.writeHead(404, { "content-type": "application/json" }).end('{"title":"no"}'),
      async (service) => (await anyFailureOf(service.getJson("/x"))).toJSON().status,
    ],
    [
      "server-sent events, left early",
      (_q, r) => void r.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\ndata: 2\n\n"),
      async (service) => {
        const seen: string[] = [];
        for await (const { data } of service.events("/x")) if (seen.push(data) === 2) break;
        return seen;
      },
    ],
    [
      "a streamed body that is sent",
      (q, r) => void r.end(q.body),
      async (service) => (await service.put("/x", { stream: () => [Buffer.from("ab"), Buffer.from("c")] })).text(),
    ],
    [
      "multipart, whose boundary is another each time",
      (_q, r) => void r.end("ok"),
      async (service) => (await service.post("/x", { multipart: { kind: "a", file: new Uint8Array([0, 1]) } })).text(),
    ],
    [
      "the same call twice, in order",
      (_q, r, n) => void r.end(String(n)),
      async (service) => [(await service.get("/x")).text(), (await service.get("/x")).text()],
    ],
    [
      "several calls at once",
      (q, r) => void r.end(q.url),
      async (service) => Promise.all(["/a", "/b", "/c"].map(async (path) => (await service.get(path)).text())),
    ],
  ])("%s", async (_what, answer, work) => {
    const { recorded, played } = await recordedAndPlayed(answer, work);
    expect(recorded).toBeDefined();
    expect(played).toEqual(recorded);
  });

  test("a connection that is refused, and one that breaks: the very same errors", async () => {
    const file = newFile();
    const work: Work<unknown> = async (service) => {
      const { code, outcome, message, attempts } = await failureOf(service.get("/x"), isServiceConnectionError);
      return { code, outcome, message: message.replaceAll(/\d+ ms/g, ""), attempts: attempts.length };
    };
    const url = await refusingUrl();
    const recorded = await through({ file, mode: "record" }, url, work);
    expect(recorded).toMatchObject({ code: "connection-connect", outcome: "not-sent" });
    expect(await through({ file, mode: "replay" }, url, work)).toEqual(recorded);

    const broken = newFile();
    await using server = await rawServer((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", () =>
          setImmediate(() => socket.resetAndDestroy()),
        );
      });
    });
    const cut = await through({ file: broken, mode: "record" }, server.url, work);
    expect(cut).toMatchObject({ code: "connection-reset", attempts: 4 });
    expect(await through({ file: broken, mode: "replay" }, server.url, work)).toEqual(cut);
    expect(JSON.parse(read(broken)).interactions[0].answer).toMatchObject({ cut: "reset" });
  });

  test("a stream that was left is open where it was left", async () => {
    const answer: Answering = (_request, response) =>
      void response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
    const work: Work<unknown> = async (service) => {
      await using stream = await service.stream("/x", { method: "GET" });
      for await (const piece of stream.body) return Buffer.from(piece).toString();
      return "nothing";
    };
    const { text, played } = await recordedAndPlayed(answer, work);
    expect(played).toBe("data: 1\n\n");
    expect(JSON.parse(text).interactions[0].answer).toMatchObject({ staysOpen: true });
  });

  test("a call that was given up is given up again", async () => {
    const file = newFile();
    const work: Work<unknown> = async (service) => (await failureOf(service.get("/x"), isServiceTimeoutError)).limit;
    const limits = { attemptTimeoutMs: 50, retry: false } as const;
    await using server = await httpServer(() => undefined);
    expect(await through({ file, mode: "record" }, server.url, work, limits)).toBe("attempt");
    expect(await through({ file, mode: "replay" }, server.url, work, limits)).toBe("attempt");
    expect(JSON.parse(read(file)).interactions).toMatchObject([{ fault: "hang" }]);
  });
});

describe("the file", () => {
  test("is JSON that reads well, and the same text for the same conversation", async () => {
    const clock = new VirtualClock();
    const work: Work<unknown> = (service) => service.postJson("/x", { json: { b: 1, a: 2 }, params: { q: 1 } });
    const answer = json({ id: 1 }, { "x-b": "2", "x-a": "1" });
    const first = await recordedAndPlayed(answer, work, { clock });
    const second = await recordedAndPlayed(answer, work, { clock });
    const withoutPort = (text: string): string => text.replaceAll(/127\.0\.0\.1:\d+/g, "host");
    expect(withoutPort(second.text)).toBe(withoutPort(first.text));
    expect(JSON.parse(withoutPort(first.text))).toEqual({
      format: "hawser-cassette/1",
      recordedAt: "2026-01-01T00:00:00.000Z",
      interactions: [
        {
          request: { method: "POST", url: "http://host/x?q=1", body: { json: { b: 1, a: 2 } } },
          answer: {
            status: 200,
            headers: { "content-type": "application/json", "x-a": "1", "x-b": "2" },
            body: { json: { id: 1 } },
          },
        },
      ],
    });
    expect(first.text.split("\n").length).toBeGreaterThan(20);
  });

  test("is written when the cassette is closed, as a whole, and not at all where nothing was asked", async () => {
    const file = newFile();
    await through({ file, mode: "record" }, "http://127.0.0.1:1", async () => undefined);
    expect(() => read(file)).toThrow("ENOENT");
    await using server = await httpServer();
    const tape = cassette({ file, mode: "record" });
    await using service = await startedPayments(server, { dispatcher: tape });
    await service.get("/x");
    expect(() => read(file)).toThrow("ENOENT");
    await tape.close();
    await tape.close();
    expect(JSON.parse(read(file)).interactions).toHaveLength(1);
    expect(readdirSync(join(folder, "deep")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

test("the connections are the cassette's own, and closed with it", async () => {
  const answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nkeep-alive: timeout=600\r\n\r\n";
  await using server = await rawServer((socket) => void socket.on("data", () => socket.write(answer)));
  const tape = cassette({ file: newFile(), mode: "record" });
  await using service = await startedPayments(server, { dispatcher: tape });
  await service.get("/x");
  expect(server.openConnections).toBe(1);
  await tape.close();
  await server.allClosed();
});

describe("no secret is ever in the file", () => {
  const secrets = {
    key: "k3y-of-the-service",
    password: "pa55/word+ä",
    header: "header-s3cret?>~~>?",
    query: "query s3cret&more",
    cookie: "cookie-s3cret",
    token: "issued-t0ken-of-the-service",
    field: "field-s3cret",
    given: "given-s3cret-9",
  };
  const forms = Object.values(secrets).flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString("base64"),
  ]);
  forms.push(Buffer.from(`ada:${secrets.password}`).toString("base64"));

  test("has secrets to hide whose forms differ", () => {
    const bytes = Buffer.from(secrets.header);
    expect(bytes.toString("base64").replaceAll("=", "")).not.toBe(bytes.toString("base64url"));
  });

  // It answers with all that it was told, as JSON and as text, as an endpoint for debugging does.
  const echo: Answering = ({ url, headers, body }, response, number) => {
    const all = { url, headers, body, note: Object.values(secrets), access_token: secrets.token, [secrets.key]: 1 };
    response.setHeader("set-cookie", [`session=${secrets.cookie}; HttpOnly`, "theme=dark"]);
    response.setHeader(
      "link",
      `<https://api.test/next?api_key=${encodeURIComponent(secrets.query)}&page=2>; rel="next"`,
    );
    response.setHeader("x-echo", secrets.key);
    const text =
      number % 2 === 0 ? `data: ${JSON.stringify(all)}\n\ndata: token=${secrets.token}\n` : JSON.stringify(all);
    response.setHeader("content-encoding", "gzip");
    response.end(gzipSync(text));
  };

  test.each<[string, Partial<RESTServiceOptions>]>([
    ["a bearer token", { apiKey: secrets.key }],
    ["a password", { auth: basic("ada", secrets.password) }],
    ["a key in a header of any name", { auth: apiKeyHeader("x-merchant", secrets.header) }],
    ["a key in the query, of any name", { auth: apiKeyQuery("merchant", secrets.query) }],
    ["a cookie", { headers: { cookie: `sid=${secrets.cookie}; theme=dark` } }],
  ])("of %s, wherever it occurs", async (_what, service) => {
    const redact = { values: [new Secret(secrets.given), secrets.field, ...Object.values(secrets)] };
    const work: Work<unknown> = async (client) => {
      await client.get("/x", { params: { api_key: secrets.query, page: 1 } });
      await client.post("/x", { json: { user: "ada", password: secrets.field, nested: [{ note: secrets.given }] } });
      await client.post("/x", { form: { client_secret: secrets.field, scope: "all" } });
      await client.post("/x", { bytes: Buffer.from(`\0${secrets.given}\0`) });
      await client.post("/x", { multipart: { note: secrets.given } });
      return (await client.get(`/by-key/${encodeURIComponent(secrets.given)}`)).status;
    };
    const { text, recorded, played } = await recordedAndPlayed(echo, work, { redact }, service);
    expect(played).toBe(recorded);
    const binary = [...text.matchAll(/"base64": "([^"]*)"/g)].map(([, base64 = ""]) => Buffer.from(base64, "base64"));
    for (const form of forms) expect(text + binary.map(String).join()).not.toContain(form);
    expect(text).toContain("page=1");
  });

  test.each<[string, Partial<RESTServiceOptions>, string]>([
    ["a bearer token", { apiKey: secrets.key }, secrets.key],
    ["a password", { auth: basic("ada", secrets.password) }, secrets.password],
    ["a key in a header of any name", { auth: apiKeyHeader("x-merchant", secrets.header) }, secrets.header],
    ["a key in the query, of any name", { auth: apiKeyQuery("merchant", secrets.query) }, secrets.query],
    ["a cookie", { headers: { cookie: `sid=${secrets.cookie}` } }, secrets.cookie],
  ])("of %s, without anybody saying what it is", async (_what, service, secret) => {
    const own: Answering = ({ url, headers }, response) =>
      void response.end(JSON.stringify({ url, headers, note: secret, again: Buffer.from(secret).toString("base64") }));
    const { text } = await recordedAndPlayed(own, (client) => client.getJson("/x"), {}, service);
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]) {
      expect(text).not.toContain(form);
    }
  });

  test("of what is short or a number, under a name that says what it is", async () => {
    const answer = json({ password: "s3c", nested: [{ client_secret: 4711 }], passphrase: null });
    const { text } = await recordedAndPlayed(answer, (client) => client.postJson("/x", { json: { pwd: "s3c" } }));
    expect(text).not.toMatch(/s3c|4711/);
    expect(text).toContain('"passphrase": null');
  });

  test("of what only a later call shows to be one", async () => {
    const work: Work<unknown> = async (client) => {
      await client.getJson("/issue");
      await client.getJson("/use", { headers: { authorization: `Bearer ${secrets.token}` } });
      return "done";
    };
    const { text } = await recordedAndPlayed(json({ issued: secrets.token }), work);
    expect(text).not.toContain(secrets.token);
    expect(text).toContain('"issued": "[redacted]"');
  });

  test("of a token that the service hands out, in the answer and in every call after it", async () => {
    const answer: Answering = ({ url, headers }, response) =>
      void response.end(
        JSON.stringify(url === "/token" ? { accessToken: secrets.token, code: "ok" } : { seen: headers.authorization }),
      );
    const work: Work<unknown> = async (client) => {
      const { accessToken } = (await client.getJson("/token")) as { accessToken: string };
      await client.getJson("/me", { headers: { authorization: `Bearer ${accessToken}` }, params: { t: accessToken } });
      return "done";
    };
    const { text, played } = await recordedAndPlayed(answer, work);
    expect(played).toBe("done");
    expect(text).not.toContain(secrets.token);
    expect(text).toContain('"code": "ok"');
  });

  test("of a request that is compressed, and of one that never ended", async () => {
    const file = newFile();
    await using server = await httpServer(({ url }, response) => {
      if (url === "/hang") return;
      response.end(JSON.stringify({ note: secrets.key }));
    });
    const tape = cassette({ file, mode: "record", env });
    await using client = await startedPayments(server, { dispatcher: tape });
    const hanging = client.get("/hang", { headers: { "x-api-key": secrets.key }, maxRetries: 0 });
    const bytes = gzipSync(JSON.stringify({ password: secrets.field }));
    await client.post("/x", { bytes, headers: { "content-encoding": "gzip", "content-type": "application/json" } });
    await tape.close();
    expect((await anyFailureOf(hanging)).message).toContain(`under way when the cassette ${file} was closed`);
    expect(JSON.parse(read(file)).interactions).toMatchObject([
      { request: { body: { json: { password: "[redacted]" } } }, answer: { body: { json: { note: "[redacted]" } } } },
    ]);
  });

  test("of which only the start came, for the client left", async () => {
    const start = secrets.key.slice(0, 12);
    const answer: Answering = (_request, response) =>
      void response.writeHead(200, { "content-type": "text/event-stream" }).write(`data: 1\n\ndata: ${start}`);
    const work: Work<unknown> = async (client) => {
      for await (const { data } of client.events("/x")) return data;
      return "nothing";
    };
    const { text } = await recordedAndPlayed(answer, work, {}, { apiKey: secrets.key });
    expect(text).toContain("data: 1");
    expect(text).not.toContain(start);
  });

  test("and what is hidden for what a later call shows still matches, wherever it stands", async () => {
    const work: Work<unknown> = async (client) => {
      await client.get(`/sessions/${secrets.token}/x`, { params: { t: `a-${secrets.token}` } });
      await client.post("/x", { json: { note: `it is ${secrets.token}.`, again: [secrets.token] } });
      await client.post("/x", { text: `it is ${secrets.token}\nto you` });
      await client.post("/x", { bytes: Buffer.from(`\0${secrets.token}`) });
      await client.get("/me", { headers: { authorization: `Bearer ${secrets.token}` } });
      return "done";
    };
    const { text, played } = await recordedAndPlayed(json({}), work);
    expect(played).toBe("done");
    expect(text).not.toContain(secrets.token);
  });

  test("and a token that was issued is asked for by its place in a path", async () => {
    const work: Work<unknown> = async (client) => {
      const { session_token: token } = (await client.postJson("/sessions")) as { session_token: string };
      return (await client.delete("/sessions/{token}", { path: { token } })).status;
    };
    const { played } = await recordedAndPlayed(json({ session_token: secrets.token }), work);
    expect(played).toBe(200);
  });

  test("but what only looks like one stays, where that is said", async () => {
    const work: Work<unknown> = (client) => client.getJson("/x", { params: { page_token: "page-two-of-it" } });
    const { text } = await recordedAndPlayed(json({ token: "page-three" }), work, {
      redact: { keep: ["page_token", "token"], fields: ["iban"], headers: ["x-tenant"], query: ["tenant"] },
    });
    expect(text).toContain("page-two-of-it");
    expect(text).toContain("page-three");
  });
});

describe("a cassette that is stale says so", () => {
  const stale = async (): Promise<{ file: string; url: string }> => {
    const file = newFile();
    await using server = await httpServer(json({ id: 1 }));
    await through({ file, mode: "record" }, server.url, async (service) => {
      await service.post("/users", { json: { name: "Ada" }, params: { page: 1 } });
      await service.get("/users/1");
    });
    return { file, url: server.url };
  };

  test("a call that no recording matches fails for good, and names the nearest with what differs", async () => {
    const { file, url } = await stale();
    const tape = cassette({ file, mode: "replay" });
    await using service = await startedPayments({ url }, { dispatcher: tape });
    const call = service.post("/users", { json: { name: "Eve" }, params: { page: 2 } });
    const { message } = await failureOf(call, isServiceConfigurationError);
    expect(message).toContain(`the cassette ${file} is stale: it has no POST ${url}/users?page=2. The nearest:\n`);
    expect(message).toContain(
      `  POST ${url}/users?page=1: query page was "1", and is "2"; body.name was "Ada", and is "Eve"\n`,
    );
    expect(message).toContain('Record it again: mode: "record"');
    await expect(tape.close()).rejects.toThrow(/has no POST[\s\S]*2 of 2 recordings that were not played/);
  });

  test("a recording is played once", async () => {
    const { file, url } = await stale();
    const tape = cassette({ file, mode: "replay", onUnused: "ignore" });
    await using service = await startedPayments({ url }, { dispatcher: tape });
    await service.get("/users/1");
    await expect(service.get("/users/1")).rejects.toThrow("was played already, once as it was recorded");
    await expect(tape.close()).rejects.toThrow("it has no GET");
  });

  test("what is not looked at may differ", async () => {
    const { file } = await stale();
    const match = { origin: false, query: false, body: false };
    await through({ file, mode: "replay", match }, "https://other.test", async (service) => {
      await service.get("/users/1");
      expect((await service.post("/users", { json: { name: "Eve" } })).json()).toEqual({ id: 1 });
    });
  });

  test("recordings that were not played are an error, a warning or nothing, as is said", async () => {
    const { file, url } = await stale();
    const { logger, entries } = logbook();
    const none: Work<void> = async () => undefined;
    const run = (options: Partial<CassetteOptions>): Promise<void> =>
      through({ file, mode: "replay", logger, ...options }, url, none);
    await expect(run({})).rejects.toThrow(`2 of 2 recordings that were not played:\n  POST ${url}/users?page=1\n`);
    await run({ onUnused: "ignore" });
    expect(entries).toEqual([]);
    await run({ onUnused: "warn" });
    expect(entries).toMatchObject([{ level: "warn", message: expect.stringContaining("not played") }]);
  });

  test("a recording that is too old is a warning or an error", async () => {
    const { file } = await stale();
    const { logger, entries } = logbook();
    const text = JSON.parse(read(file)) as object;
    writeFileSync(file, JSON.stringify({ ...text, recordedAt: "2025-12-01T00:00:00Z" }));
    const old = { file, mode: "replay", maxAgeMs: 7 * 86_400_000, clock: new VirtualClock(), logger } as const;
    cassette(old);
    const problem = `${file} is stale: it was recorded 31 days ago, and maxAgeMs allows 7 days`;
    expect(entries).toMatchObject([{ level: "warn", message: problem }]);
    expect(refusalOf(() => cassette({ ...old, onStale: "fail" })).problems).toEqual([problem]);
    cassette({ ...old, maxAgeMs: 32 * 86_400_000, onStale: "fail" });
  });

  test("headers are compared where that is said, and recorded then alone", async () => {
    const options = { match: { headers: ["Accept-Language", "authorization"] } };
    const work: Work<unknown> = (service) => service.getJson("/x", { headers: { "accept-language": "de" } });
    const { text } = await recordedAndPlayed(json({}), work, options, { apiKey: "k3y-of-mine" });
    const [{ request }] = JSON.parse(text).interactions as [{ request: { headers: unknown } }];
    expect(request.headers).toEqual({ "accept-language": "de", authorization: "[redacted]" });
  });
});

test("a call to a cassette that is closed says so", async () => {
  await using server = await httpServer(json({}));
  const file = newFile();
  for (const mode of ["record", "replay", "passthrough"] as const) {
    const tape = cassette({ file, mode, env });
    await using service = await startedPayments(server, { dispatcher: tape });
    await service.get("/x");
    await tape.close();
    await expect(service.get("/x")).rejects.toThrow(`the cassette ${file} is closed`);
  }
  expect(server.requests).toHaveLength(2);
});

describe("the mode", () => {
  test("auto records where there is no file, and plays where there is one", async () => {
    const file = newFile();
    await using server = await httpServer(json({}));
    const modes: string[] = [];
    for (let run = 0; run < 2; run++) {
      const tape: Cassette = cassette({ file, env });
      modes.push(tape.mode);
      const service = await startedPayments(server, { dispatcher: tape });
      await service.get("/x");
      await service.close();
      await tape.close();
    }
    expect(modes).toEqual(["record", "replay"]);
    expect(server.requests).toHaveLength(1);
  });

  test("auto does not record in CI", () => {
    const { problems } = refusalOf(() => cassette({ file: newFile(), env: { CI: "true" } }));
    expect(problems).toEqual([expect.stringContaining("is not recorded where CI is set")]);
    expect(cassette({ file: newFile(), env: { CI: "false" } }).mode).toBe("record");
  });

  test("passthrough asks the real service, and keeps nothing", async () => {
    const file = newFile();
    await using server = await httpServer(json({}));
    await through({ file, mode: "passthrough" }, server.url, (service) => service.get("/x"));
    expect(server.requests).toHaveLength(1);
    expect(() => read(file)).toThrow("ENOENT");
  });

  test("what is recorded can be asked through any dispatcher", async () => {
    const file = newFile();
    await using mock = mockTransport();
    mock.on("GET", "/x").reply(200, { id: 1 });
    const url = "https://api.test";
    await through({ file, mode: "record", dispatcher: mock }, url, (service) => service.get("/x"));
    expect(await through({ file }, url, (service) => service.getJson("/x"))).toEqual({ id: 1 });
  });
});

describe("options and files that are wrong are refused at once", () => {
  const loose = cassette as (options?: unknown) => Cassette;
  test.each<[string, unknown, string]>([
    ["nothing", undefined, "the options must be an object"],
    ["no file", {}, "file is required"],
    ["a mode that is none", { file: "a", mode: "rec" }, "mode must be one of record | replay | auto | passthrough"],
    ["an unknown option", { file: "a", modus: "auto" }, "unknown option modus"],
    ["an unknown rule", { file: "a", match: { bodies: false } }, "unknown option match.bodies"],
    ["headers that are no list", { file: "a", match: { headers: "accept" } }, "match.headers must be a list of names"],
    ["fields that are no list", { file: "a", redact: { fields: [1] } }, "redact.fields must be a list of names"],
    [
      "a value that is too short",
      { file: "a", redact: { values: ["abc"] } },
      "redact.values must be a list of Secrets",
    ],
    ["an age below 1", { file: "a", maxAgeMs: 0 }, "maxAgeMs must be a number of at least 1"],
    ["an unknown way to be stale", { file: "a", onStale: "ignore" }, "onStale must be one of warn | fail"],
    ["an unknown way to be unused", { file: "a", onUnused: true }, "onUnused must be one of warn | fail | ignore"],
    ["a dispatcher that is none", { file: "a", dispatcher: {} }, "dispatcher must be an object with dispatch()"],
    ["a file that is not there", { file: "/nowhere/a.json", mode: "replay" }, "does not exist: record it first"],
  ])("%s", (_what, options, problem) => {
    const { message } = refusalOf(() => loose(options));
    expect(message).toContain(problem);
    expect(message).not.toContain("abc");
  });

  const request = { method: "GET", url: "https://a.test/" };
  const head = { format: "hawser-cassette/1", recordedAt: "2026-01-01T00:00:00Z" };
  test.each<[string, unknown, string]>([
    ["text", "{", "is not JSON"],
    ["another format", { format: "har" }, "is no cassette: its format must be"],
    ["no date", { ...head, recordedAt: "once" }, "has no date in recordedAt"],
    ["no list", { ...head, interactions: {} }, "has no list of interactions"],
    ["no request", { ...head, interactions: [{}] }, "interactions[0].request is missing"],
    ["no URL", { ...head, interactions: [{ request: { method: "GET", url: "/x" } }] }, "request.url must be a URL"],
    ["no end", { ...head, interactions: [{ request }] }, "interactions[0] has neither answer nor fault"],
    ["a fault that is none", { ...head, interactions: [{ request, fault: "x" }] }, ".fault must be one of refused"],
    ["no status", { ...head, interactions: [{ request, answer: { headers: {} } }] }, ".answer.status must be from 200"],
    [
      "a body that is none",
      { ...head, interactions: [{ request, answer: { status: 200, headers: {}, body: { xml: "" } } }] },
      ".answer.body must have one of",
    ],
  ])("a file with %s", (_what, content, problem) => {
    const file = join(folder, "wrong.json");
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    expect(refusalOf(() => cassette({ file, mode: "replay" })).problems[0]).toContain(problem);
  });
});
