import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

// What docs/testing.md says of other tools. Each in a process of its own, for they change all of it: a service calls a
// real server, and the tool answers in its place, or does not.

const prologue = `
  import { createServer } from "node:http";
  const { RESTService, silentLogger } = await import("./src/index.ts");
  const server = createServer((request, response) => response.end("real")).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const baseUrl = "http://127.0.0.1:" + server.address().port;
  class Service extends RESTService {}
  const ask = async (options = {}) => {
    const service = await new Service({ baseUrl, logger: silentLogger, retry: false, ...options }).connect();
    const text = (await service.get("/x")).text();
    await service.close();
    return text;
  };
  const done = (...answers) => {
    process.stdout.write(answers.join(" "));
    server.close();
    server.closeAllConnections();
  };
`;

async function run(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", prologue + program],
    { cwd: new URL("../../", import.meta.url), timeout: 50_000, env: {} },
  );
  return stdout;
}

test("undici's MockAgent sees a service that it is given to, and no other", async () => {
  const program = `
    const { MockAgent, setGlobalDispatcher } = await import("undici");
    const agent = new MockAgent();
    agent.disableNetConnect();
    agent.get(baseUrl).intercept({ path: "/x" }).reply(200, "mocked").times(3);
    setGlobalDispatcher(agent);
    const fetched = await (await fetch(baseUrl + "/x")).text();
    done(await ask({ dispatcher: agent }), await ask(), fetched);
  `;
  expect(await run(program)).toBe("mocked real mocked");
});

test("nock sees every service, over TLS too", async () => {
  const program = `
    const { default: nock } = await import("nock");
    nock(baseUrl).get("/x").reply(200, "mocked");
    nock("https://api.test").get("/x").reply(200, "secure");
    const first = await ask();
    const secure = await ask({ baseUrl: "https://api.test" });
    nock.restore();
    done(first, secure, await ask());
  `;
  expect(await run(program)).toBe("mocked secure real");
});

test("nock does not see a connection that was made before it", async () => {
  const program = `
    const service = await new Service({ baseUrl, logger: silentLogger, retry: false }).connect();
    const before = (await service.get("/x")).text();
    const { default: nock } = await import("nock");
    nock(baseUrl).get("/x").reply(200, "mocked");
    const after = (await service.get("/x")).text();
    await service.close();
    nock.restore();
    done(before, after);
  `;
  expect(await run(program)).toBe("real real");
});

test("a mock of our own is seen by nobody: it opens no connection", async () => {
  const program = `
    const { mockTransport } = await import("./src/testing/index.ts");
    const { default: nock } = await import("nock");
    nock.disableNetConnect();
    const mock = mockTransport();
    mock.on("GET", "/x").reply(200, "own");
    done(await ask({ dispatcher: mock }));
  `;
  expect(await run(program)).toBe("own");
});

test("MSW sees the built-in fetch, and no service", async () => {
  const program = `
    const { http, HttpResponse } = await import("msw");
    const { setupServer } = await import("msw/node");
    const worker = setupServer(http.get(baseUrl + "/x", () => HttpResponse.text("mocked")));
    worker.listen({ onUnhandledRequest: "bypass" });
    const fetched = await (await fetch(baseUrl + "/x")).text();
    const own = await ask();
    worker.close();
    done(own, fetched);
  `;
  expect(await run(program)).toBe("real mocked");
});
