import { defineServices, type Logger, rest, service, silentLogger, ws } from "hawser";
import { describe, expect, test } from "vitest";
import { Interruption } from "../../../src/cli/context.ts";
import {
  answerJson,
  answerNothing,
  type Answering,
  answerStatuses,
  httpServer,
  refusingUrl,
} from "../../support/http-server.ts";
import { run, someFile, type Surroundings, withFile } from "../command-under-test.ts";

const servicesAt = (baseUrl: string, logger: Logger = silentLogger): Surroundings => ({
  exported: { services: defineServices({ users: rest({ baseUrl, apiKey: "the-secret-key" }) }, { env: {}, logger }) },
});

const answer =
  (status: number, type: string, body: string | Uint8Array): Answering =>
  (_request, response) => {
    response.writeHead(status, { "content-type": type });
    response.end(body);
  };

describe("what is sent", () => {
  test("method, path, query, headers and the credentials of the service", async () => {
    await using server = await httpServer();
    const args = ["call", "users", "get", "/users?a=1", "-q", "b=2", "-q", "b=x y", "-H", "x-trace: 1: 2"];
    expect(await run(withFile(...args), servicesAt(server.url))).toMatchObject({ exitCode: 0, told: [] });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "GET", url: "/users?a=1&b=2&b=x%20y" });
    expect(request?.headers).toMatchObject({ authorization: "Bearer the-secret-key", "x-trace": "1: 2" });
  });

  test("and nothing to other services, whatever is wrong with them", async () => {
    await using server = await httpServer();
    const down = ws({ baseUrl: (await refusingUrl()).replace("http", "ws"), startTimeoutMs: 50 });
    const options = { env: {}, logger: silentLogger };
    const services = defineServices({ users: rest({ baseUrl: server.url }), down, mail: rest() }, options);
    const ran = await run(withFile("call", "users", "GET", "/users"), { exported: { services } });
    expect(ran).toMatchObject({ exitCode: 0, told: [] });
  });

  test("and a late service that is down is not waited for", async () => {
    const late = service({ late: true, create: async () => Promise.reject(new Error("nobody listens")) });
    const services = defineServices({ late }, { env: {}, logger: silentLogger });
    const ran = await run(withFile("call", "late", "GET", "/users"), { exported: { services } });
    expect(ran).toMatchObject({ exitCode: 1, told: ["hawser: Error: nobody listens"] });
  });

  test("a body of JSON is checked, and sent as JSON", async () => {
    await using server = await httpServer();
    await run(withFile("call", "users", "POST", "/users", "--json-body", '{ "name": "Ada" }'), servicesAt(server.url));
    expect(server.requests[0]).toMatchObject({ body: '{"name":"Ada"}', method: "POST" });
    expect(server.requests[0]?.headers["content-type"]).toBe("application/json");
  });

  test("a body of text goes as it is, with the content type that a header gives", async () => {
    await using server = await httpServer();
    const args = ["call", "users", "PUT", "/users/1", "-d", "a;b", "-H", "content-type: text/csv"];
    await run(withFile(...args), servicesAt(server.url));
    expect(server.requests[0]?.body).toBe("a;b");
    expect(server.requests[0]?.headers["content-type"]).toBe("text/csv");
  });

  test("@file is the content of a file, byte by byte, and @- that of standard input", async () => {
    await using server = await httpServer();
    const services = servicesAt(server.url);
    await run(withFile("call", "users", "POST", "/a", "-d", `@${someFile}`), services);
    expect(server.requests[0]?.body).toContain("export async function run(");
    await run(withFile("call", "users", "POST", "/a", "-j", "@-"), { ...servicesAt(server.url), input: "[1]" });
    expect(server.requests[1]?.body).toBe("[1]");
  });
});

describe("what is printed", () => {
  test("the body as it came, byte by byte, where nobody is looking", async () => {
    await using server = await httpServer(answer(200, "application/json", '{"a":  1}'));
    const ran = await run(withFile("call", "users", "GET", "/"), servicesAt(server.url));
    expect(ran).toEqual({ exitCode: 0, stdout: '{"a":  1}', told: [] });
  });

  test("on a terminal, JSON with its lines indented", async () => {
    await using server = await httpServer(answer(200, "application/json", '{"a":[1]}'));
    const ran = await run(withFile("call", "users", "GET", "/"), { ...servicesAt(server.url), isTerminal: true });
    expect(ran.stdout).toBe('{\n  "a": [\n    1\n  ]\n}\n');
  });

  test("on a terminal, of what is no text only how much it is", async () => {
    await using server = await httpServer(answer(200, "image/png", new Uint8Array([0x89, 0x50, 0])));
    const ran = await run(withFile("call", "users", "GET", "/"), { ...servicesAt(server.url), isTerminal: true });
    expect(ran).toMatchObject({
      exitCode: 0,
      stdout: "",
      told: ["3 bytes that are no text; to keep them, write them to a file with > file"],
    });
  });

  test("--include tells status and headers on standard error", async () => {
    await using server = await httpServer(answer(201, "text/plain", "made"));
    const ran = await run(withFile("call", "users", "POST", "/", "-i"), servicesAt(server.url));
    expect(ran.stdout).toBe("made");
    expect(ran.told).toEqual(expect.arrayContaining(["201 Created", "content-type: text/plain"]));
  });
});

describe("what failed", () => {
  test("a refusal prints the answer, the error and its explanation, and ends with 1", async () => {
    await using server = await httpServer(answer(404, "application/json", '{"title":"no such user"}'));
    const ran = await run(withFile("call", "users", "GET", "/users/9", "-i"), servicesAt(server.url));
    expect(ran).toMatchObject({ exitCode: 1, stdout: '{"title":"no such user"}\n' });
    expect(ran.told[0]).toBe("404 Not Found");
    expect(ran.told.slice(-4)).toEqual([
      expect.stringMatching(/^hawser: users: GET \/users\/9: the service answered 404/),
      expect.stringMatching(/^ {2}attempt 1/),
      "  not tried again: the same attempt would end the same way",
      "  made again as it is, it would fail again",
    ]);
  });

  test("a service that is busy is tried again, as the application would", async () => {
    await using server = await httpServer(answerStatuses(503, 503, 200));
    const services = defineServices(
      { users: rest({ baseUrl: server.url, retry: { baseDelayMs: 1 } }) },
      { env: {}, logger: silentLogger },
    );
    expect(await run(withFile("call", "users", "GET", "/"), { exported: { services } })).toMatchObject({ exitCode: 0 });
    expect(server.requests).toHaveLength(3);
  });

  test("a service that is not there ends with 1", async () => {
    const ran = await run(withFile("call", "users", "GET", "/", "--timeout", "400ms"), servicesAt(await refusingUrl()));
    expect(ran).toMatchObject({ exitCode: 1, stdout: "" });
    expect(ran.told[0]).toMatch(/^hawser: users: GET \/: /);
  });

  test("--timeout ends a call that hangs", async () => {
    await using server = await httpServer(answerNothing);
    const ran = await run(withFile("call", "users", "GET", "/", "--timeout", "50ms"), servicesAt(server.url));
    expect(ran.exitCode).toBe(1);
    expect(ran.told[0]).toContain("the deadline limit of 50 ms passed");
  });

  test("Ctrl-C ends a call that hangs with 130, and no more is said", async () => {
    const ending = new AbortController();
    await using server = await httpServer(() => ending.abort(new Interruption("SIGINT")));
    const ran = await run(withFile("call", "users", "GET", "/"), { ...servicesAt(server.url), signal: ending.signal });
    expect(ran).toEqual({ exitCode: 130, stdout: "", told: [] });
    await server.allClosed();
  });

  test("the services are stopped, however the call ends", async () => {
    await using server = await httpServer(answerStatuses(404));
    const services = defineServices({ users: rest({ baseUrl: server.url }) }, { env: {}, logger: silentLogger });
    await run(withFile("call", "users", "GET", "/"), { exported: { services } });
    expect(() => services.get("users")).toThrow("the registry was stopped");
    await server.allClosed();
  });
});

describe("what is refused with 2, before anything is sent", () => {
  const services = (): Surroundings => ({
    exported: {
      services: defineServices(
        { users: rest({ baseUrl: "http://127.0.0.1:9" }), feed: ws({ optional: true }) },
        { env: {}, logger: silentLogger },
      ),
    },
  });

  test.each([
    [["usres", "GET", "/"], "no service is named usres (did you mean users?)"],
    [["payments", "GET", "/"], "no service is named payments: known are users, feed"],
    [["users", "GET", "https://elsewhere.example/"], "users: GET: endpoint must be a path below the base URL"],
    [["users", "POST", "/", "-j", "{"], "--json-body is no JSON: quote it for the shell"],
    [["users", "POST", "/", "-j", "1", "-d", "1"], "a call has one body: give --data or --json-body, not both"],
    [["users", "POST", "/", "-d", "@nosuch"], "--data @nosuch cannot be read (ENOENT): name a file after the @"],
    [["users", "GET", "/", "-H", "secret"], '--header must be "name: value", in quotes; see hawser call --help'],
    [["users", "GET", "/", "-q", "secret"], "It must be name=value; see hawser call --help"],
    [["users", "GET", "/", "-t", "soon"], "It must be a duration of at least 1 ms"],
  ])("%j", async (args, problem) => {
    const ran = await run(withFile("call", ...args), services());
    expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
    expect(ran.told).toEqual([expect.stringContaining(problem)]);
  });

  test("a stream takes no calls", async () => {
    const feed = { messages: () => [], send: () => undefined };
    const done = async () => undefined;
    const fake = { names: ["feed"], get: () => feed, has: () => true, ready: async () => feed, health: done };
    const registry = { ...fake, describe: done, start: done, stop: done };
    const ran = await run(withFile("call", "feed", "GET", "/"), { exported: { registry } });
    expect(ran).toMatchObject({
      exitCode: 2,
      told: ["hawser: feed is a stream, and takes no calls: hawser tail feed"],
    });
  });
});

test("the log of the services is on standard error at the level of --log, and the key is in none of it", async () => {
  await using server = await httpServer(answerJson({}));
  const logged: Logger[] = [];
  const around: Surroundings = {
    replaceLogger: (logger) => void logged.push(logger),
    importModule: async () => servicesAt(server.url, logged[0]).exported,
  };
  const ran = await run(withFile("call", "users", "GET", "/", "-i", "--log", "debug"), around);
  expect(ran.told).toContainEqual(expect.stringMatching(/^\{"level":30,.*"msg":"services started"\}$/));
  expect(JSON.stringify(ran)).not.toContain("the-secret-key");
  const silent = await run(withFile("call", "users", "GET", "/"), {
    ...around,
    replaceLogger: (logger) => void (logged[0] = logger),
  });
  expect(silent.told).toEqual([]);
});
