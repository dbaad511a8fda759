import { expect, test } from "vitest";
import { answerJson, httpServer } from "../support/http-server.ts";
import { startPeer } from "../websocket/peer.ts";
import { hawser, UserFolder } from "./built-process.ts";

const users =
  'import { defineServices, rest } from "hawser";\nexport const services = defineServices({ users: rest() });\n';
const prices =
  'import { defineServices, ws } from "hawser";\nexport const services = defineServices({ prices: ws() });\n';

test("a services file of TypeScript is checked against a real service, and the process ends", async () => {
  await using server = await httpServer(answerJson({}));
  using folder = new UserFolder({ "services.ts": users.replace("services =", "services: object =") });
  const ended = await hawser(folder, ["check"], { env: { USERS_URL: server.url } });
  expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
  expect(ended.stdout).toMatch(/^✔ pass {2}users {2}\d+ ms {2}ready\n$/);
});

test("a package without a type has its .ts files loaded as modules, without a warning", async () => {
  await using server = await httpServer(answerJson({}));
  using folder = new UserFolder({ "package.json": "{}", "src/services.ts": users });
  expect(await hawser(folder, ["check"], { env: { USERS_URL: server.url } })).toMatchObject({
    exitCode: 0,
    stderr: "",
  });
});

test("the shell wins over .env, and the last --env-file over those before it", async () => {
  await using server = await httpServer(answerJson({}));
  using folder = new UserFolder({
    "services.js": users,
    ".env": `USERS_URL=${server.url}/dot-env`,
    "a.env": `USERS_URL=${server.url}/a`,
    "b.env": `USERS_URL=${server.url}/b`,
  });
  const call = ["call", "users", "GET", "/"];
  await hawser(folder, call);
  await hawser(folder, [...call, "--env-file", "a.env", "--env-file", "b.env"]);
  await hawser(folder, call, { env: { USERS_URL: `${server.url}/shell` } });
  expect(server.requests.map(({ url }) => url)).toEqual(["/dot-env/", "/b/", "/shell/"]);
});

test("standard input is a body, and standard output the answer alone", async () => {
  await using server = await httpServer(answerJson({ ok: true }));
  using folder = new UserFolder({ "services.js": users });
  const ended = await hawser(folder, ["call", "users", "POST", "/a", "--json-body", "@-", "--include"], {
    env: { USERS_URL: server.url },
    input: '{"a":1}',
  });
  expect(ended).toMatchObject({ exitCode: 0, stdout: '{"ok":true}' });
  expect(ended.stderr).toMatch(/^200 OK\n/);
  expect(server.requests[0]?.body).toBe('{"a":1}');
});

test("what a services file leaves open does not keep the process alive", async () => {
  await using server = await httpServer(answerJson({}));
  using folder = new UserFolder({ "services.js": `${users}setInterval(() => undefined, 1_000);\n` });
  expect(await hawser(folder, ["check"], { env: { USERS_URL: server.url } })).toMatchObject({ exitCode: 0 });
});

test("what a services file throws later is one line", async () => {
  await using server = await httpServer(() => undefined);
  using folder = new UserFolder({ "services.js": `${users}setTimeout(() => { throw new Error("late") }, 1);\n` });
  const ended = await hawser(folder, ["check"], { env: { USERS_URL: server.url } });
  expect(ended).toEqual({ exitCode: 1, stdout: "", stderr: "hawser: Error: late\n" });
});

test("a services file that waits for ever for nothing is one line", async () => {
  using folder = new UserFolder({ "services.js": `${users}await new Promise(() => undefined);\n` });
  const ended = await hawser(folder, ["check"]);
  expect(ended).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ended.stderr).toMatch(/^hawser: the services file waits for something that never comes.*\n$/);
});

test("--log has the services write to standard error, and nothing else does", async () => {
  await using server = await httpServer(answerJson({}));
  using folder = new UserFolder({ "services.js": users });
  const ended = await hawser(folder, ["check", "--log", "info"], { env: { USERS_URL: server.url } });
  expect(ended.stderr).toMatch(/^\{"level":30,.*"msg":"services started"\}\n/);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s ends a tail with %i, and its stream is closed", async (signal, exitCode) => {
  const closed = Promise.withResolvers<number>();
  await using peer = await startPeer({
    onConnection: (socket) => {
      socket.on("close", closed.resolve);
      const timer = setInterval(() => socket.send("tick"), 5);
      socket.on("close", () => clearInterval(timer));
    },
  });
  using folder = new UserFolder({ "services.js": prices });
  const ended = await hawser(folder, ["tail", "prices"], {
    env: { PRICES_URL: peer.url },
    onOutput: (_text, act) => act.kill(signal),
  });
  expect(ended).toMatchObject({ exitCode, stderr: "" });
  expect(ended.stdout).toMatch(/^(tick\n)+$/);
  // A Close frame of its own, not a cut connection.
  expect(await closed.promise).toBe(1000);
});

test("a reader that goes is no failure", async () => {
  await using peer = await startPeer({
    onConnection: (socket) => {
      const timer = setInterval(() => socket.send("tick"), 5);
      socket.on("close", () => clearInterval(timer));
    },
  });
  using folder = new UserFolder({ "services.js": prices });
  const ended = await hawser(folder, ["tail", "prices"], {
    env: { PRICES_URL: peer.url },
    onOutput: (_text, act) => act.closeOutput(),
  });
  expect(ended).toMatchObject({ exitCode: 0, stderr: "" });
});

test("colours are for terminals, unless FORCE_COLOR asks for them", async () => {
  using folder = new UserFolder();
  expect((await hawser(folder, [])).stdout).not.toContain("\u001B[");
  expect((await hawser(folder, [], { env: { FORCE_COLOR: "1" } })).stdout).toContain("\u001B[1mUsage:\u001B[22m");
  expect((await hawser(folder, [], { env: { FORCE_COLOR: "1", NO_COLOR: "1" } })).stderr).toBe("");
});

test("--version is that of the package", async () => {
  using folder = new UserFolder();
  expect((await hawser(folder, ["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
