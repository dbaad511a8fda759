import { defineServices, rest, service, silentLogger, ws } from "hawser";
import { describe, expect, test } from "vitest";
import { Interruption } from "../../../src/cli/context.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { answerJson, answerNothing, answerStatuses, httpServer, refusingUrl } from "../../support/http-server.ts";
import { startPeer } from "../../websocket/peer.ts";
import { run, withFile } from "../command-under-test.ts";

const quiet = { env: {}, logger: silentLogger };

test("every service that is well has its line, and the exit code is 0", async () => {
  await using server = await httpServer(answerJson({}));
  await using peer = await startPeer();
  const services = defineServices({ users: rest({ baseUrl: server.url }), prices: ws({ baseUrl: peer.url }) }, quiet);
  const ran = await run(withFile("check"), { exported: { services } });
  expect(ran).toMatchObject({ exitCode: 0, told: [] });
  expect(ran.stdout).toMatch(/^✔ pass {2}users {3} *\d+ ms {2}ready\n✔ pass {2}prices {2} *\d+ ms {2}open\n$/);
  expect(server.requests.map(({ url }) => url)).toEqual(["/health"]);
  await server.allClosed();
});

test("one that fails has its reason, fails the command, and hides no other", async () => {
  await using well = await httpServer(answerJson({}));
  await using ill = await httpServer(answerStatuses(500));
  const services = defineServices({ ill: rest({ baseUrl: ill.url }), well: rest({ baseUrl: well.url }) }, quiet);
  const ran = await run(withFile("check"), { exported: { services }, isTerminal: true });
  expect(ran).toMatchObject({ exitCode: 1, told: ["<red>hawser:</red> ill fails"] });
  expect(ran.stdout).toMatch(/^<red>✖ fail<\/red> {2}ill .*the service answered 500/);
  expect(ran.stdout).toContain("<green>✔ pass</green>  well");
});

test("a service that only asks to be left alone is warned of, and fails nothing", async () => {
  await using server = await httpServer(answerStatuses(429));
  const services = defineServices({ users: rest({ baseUrl: server.url }) }, quiet);
  const ran = await run(withFile("check"), { exported: { services } });
  expect(ran.exitCode).toBe(0);
  expect(ran.stdout).toMatch(/^! warn {2}users/);
});

test("--json is the report, with the fields of health+json", async () => {
  await using ill = await httpServer(answerStatuses(500));
  const services = defineServices({ ill: rest({ baseUrl: ill.url }) }, quiet);
  const ran = await run(withFile("check", "--json"), { exported: { services } });
  expect(ran.exitCode).toBe(1);
  expect(JSON.parse(ran.stdout)).toMatchObject({
    status: "fail",
    services: { ill: { service: "ill", status: "fail", state: "ready", time: expect.any(String) } },
  });
});

describe("a service that cannot be started", () => {
  const refused = async (url: string) => {
    const prices = ws({ baseUrl: (await refusingUrl()).replace("http", "ws"), startTimeoutMs: 50 });
    const charts = service({ needs: [prices], create: () => ({}) });
    const database = service({ create: async () => Promise.reject(new Error("nobody listens")), late: true });
    return defineServices({ prices, charts, database, users: rest({ baseUrl: url }) }, quiet);
  };

  test("fails with its reason, a late one as well, and hides no other", async () => {
    await using server = await httpServer(answerJson({}));
    const ran = await run(withFile("check"), { exported: { services: await refused(server.url) } });
    expect(ran).toMatchObject({ exitCode: 1, told: ["hawser: prices, charts, database fail"] });
    expect(ran.stdout.split("\n")).toEqual([
      expect.stringMatching(/^✖ fail {2}prices {4} *\d+ ms {2}not started {2}prices: .*ECONNREFUSED/),
      expect.stringMatching(/^✖ fail {2}charts {4} *\d+ ms {2}not started {2}prices: /),
      expect.stringMatching(/^✖ fail {2}database {2} *\d+ ms {2}not started {2}Error: nobody listens$/),
      expect.stringMatching(/^✔ pass {2}users {5} *\d+ ms {2}ready$/),
      "",
    ]);
  });

  test("fails in the JSON as well", async () => {
    await using server = await httpServer(answerJson({}));
    const ran = await run(withFile("check", "--json"), { exported: { services: await refused(server.url) } });
    expect(JSON.parse(ran.stdout)).toMatchObject({
      status: "fail",
      services: {
        prices: { status: "fail", state: "not started", output: expect.stringContaining("prices") },
        users: { status: "pass" },
      },
    });
  });

  test("is no matter where others are named", async () => {
    await using server = await httpServer(answerJson({}));
    const ran = await run(withFile("check", "users"), { exported: { services: await refused(server.url) } });
    expect(ran).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^✔ pass {2}users .*\n$/), told: [] });
  });
});

test("an optional service that was left out is told of, and fails nothing", async () => {
  await using server = await httpServer(answerJson({}));
  const services = defineServices({ users: rest({ baseUrl: server.url }), mail: rest({ optional: true }) }, quiet);
  const ran = await run(withFile("check"), { exported: { services }, isTerminal: true });
  expect(ran.exitCode).toBe(0);
  expect(ran.stdout).toMatch(/\n<dim>– none<\/dim> {2}mail {3} *left out, since MAIL_URL is not set\n$/);
});

test("a service that nobody knows is not checked", async () => {
  const services = defineServices({ users: rest({ baseUrl: "http://127.0.0.1:9" }) }, quiet);
  const ran = await run(withFile("check", "user"), { exported: { services } });
  expect(ran).toMatchObject({ exitCode: 2, told: ["hawser: no service is named user (did you mean users?)"] });
});

test("wrong settings are told all at once, a line each, and nothing is connected", async () => {
  await using server = await httpServer();
  const services = defineServices(
    { users: rest({ baseUrl: server.url }), billing: rest(), mail: rest() },
    { env: { BILLING_URL: "ftp://x", MAIL_TIMEOUT: "soon" }, logger: silentLogger },
  );
  const ran = await run(withFile("check"), { exported: { services } });
  expect(ran).toMatchObject({ exitCode: 2, stdout: "" });
  expect(ran.told).toEqual([
    expect.stringMatching(/^hawser: billing: BILLING_URL /),
    expect.stringMatching(/^hawser: mail: MAIL_TIMEOUT /),
    expect.stringMatching(/^hawser: mail: MAIL_URL is not set/),
  ]);
  expect(server.connections).toBe(0);
});

test("wrong settings are in the JSON too", async () => {
  const services = defineServices({ mail: rest() }, quiet);
  const ran = await run(withFile("check", "--json"), { exported: { services } });
  expect(ran.exitCode).toBe(2);
  expect(JSON.parse(ran.stdout)).toEqual({
    status: "fail",
    problems: [expect.stringContaining("MAIL_URL is not set")],
  });
});

test("--timeout ends all of it", async () => {
  await using server = await httpServer(answerNothing);
  const services = defineServices({ users: rest({ baseUrl: server.url }) }, quiet);
  const ran = await run(withFile("check", "--timeout", "50ms"), { exported: { services }, clock: systemClock });
  expect(ran).toMatchObject({
    exitCode: 1,
    told: ["hawser: check did not end within 50 ms: --timeout gives it more"],
  });
});

test("Ctrl-C ends it with 130", async () => {
  const ending = new AbortController();
  await using server = await httpServer(() => ending.abort(new Interruption("SIGINT")));
  const services = defineServices({ users: rest({ baseUrl: server.url }) }, quiet);
  const ran = await run(withFile("check"), { exported: { services }, signal: ending.signal });
  expect(ran).toEqual({ exitCode: 130, stdout: "", told: [] });
});
