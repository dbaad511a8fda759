import { expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { service } from "../../src/registry/custom-service.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest, ws } from "../../src/registry/definition.ts";
import { refusalOf } from "../support/configuration.ts";
import { httpServer } from "../support/http-server.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { failureOf } from "../support/rest-client.ts";
import { startPeer } from "../websocket/peer.ts";

const problemsOf = (options: unknown): readonly string[] => {
  try {
    defineServices({ payments: rest() }, options as never);
  } catch (error) {
    if (isServiceConfigurationError(error)) return error.problems;
    throw error;
  }
  return [];
};

test("defaults are those of all services of a kind, and definition and environment go before them", async () => {
  await using server = await httpServer();
  const env = {
    ONE_URL: server.url,
    TWO_URL: server.url,
    THREE_URL: server.url,
    THREE_ENDPOINT_BASE: "/environment",
  };
  const services = defineServices(
    { one: rest(), two: rest({ endpointBase: "/definition" }), three: rest() },
    { logger: silentLogger, env, defaults: { rest: { endpointBase: "/defaults", headers: { "x-app": "shop" } } } },
  );
  await using _ = await services.start();
  for (const [, client] of services.entries()) await client.get("/x");
  expect(server.requests.map(({ url }) => url)).toEqual(["/defaults/x", "/definition/x", "/environment/x"]);
  expect(server.requests).toMatchObject([1, 2, 3].map(() => ({ headers: { "x-app": "shop" } })));
});

test("streams have defaults of their own", async () => {
  await using peer = await startPeer();
  const services = defineServices(
    { feed: ws() },
    { logger: silentLogger, env: { FEED_URL: peer.url }, defaults: { ws: { endpoint: "/all" } } },
  );
  await using _ = await services.start();
  expect(peer.requests.map(({ url }) => url)).toEqual(["/all"]);
});

test("what is wrong with defaults is told when the registry is made, by its full name", () => {
  const defaults = {
    rest: { deadlinMs: 1, maxConnections: 0, baseUrl: "https://a.example", name: "x", dispatcher: undefined },
    ws: { pingIntervalMs: "often" },
    http: {},
  };
  expect(problemsOf({ defaults })).toEqual([
    "defaults.rest.name is that of one service: give it to its definition",
    "defaults.rest.baseUrl is that of one service: give it to its definition",
    "defaults.rest.maxConnections must be a whole number of at least 1, not 0",
    expect.stringMatching(/^unknown option defaults.rest.deadlinMs; did you mean deadlineMs\?/),
    expect.stringMatching(/^defaults.ws.pingIntervalMs must be a number/),
    "unknown option defaults.http; known are rest, ws",
  ]);
  expect(problemsOf({ defaults: { rest: [] } })).toEqual(["defaults.rest must be an object of options"]);
  expect(problemsOf({ defaults: 1 })).toEqual(["defaults must be an object, not 1"]);
});

test("limits that are none are told when the registry is made", () => {
  expect(problemsOf({ stopTimeoutMs: -1, health: { cacheMs: "1s", timeoutMs: 0, ttl: 1 } })).toEqual([
    "stopTimeoutMs must be a number of at least 0, not -1",
    "health.cacheMs must be a number of at least 0, not a string",
    "health.timeoutMs must be a number of at least 1, not 0",
    expect.stringMatching(/^unknown option health.ttl/),
  ]);
});

test("a scope goes by the options of its registry, group by group; what it is given as undefined is not given", async () => {
  const clock = new VirtualClock();
  let checks = 0;
  const definition = service({ create: () => ({}), health: () => void checks++ });
  const services = defineServices(
    { payments: rest({ baseUrl: "https://a.example" }), counted: definition },
    { logger: silentLogger, env: {}, clock, health: { cacheMs: 0 }, defaults: { rest: { deadlineMs: 1_234 } } },
  );
  const scope = services.scope({
    clock: undefined,
    health: { timeoutMs: 9 },
    defaults: { rest: { deadlineMs: undefined } },
  });
  expect(String(scope.describe())).toContain("1234");
  await using _ = await scope.start();
  await scope.health();
  await scope.health();
  expect(checks).toBe(2);
  expect(() => services.scope({ defaults: 1 } as never)).toThrow("defaults must be an object");
  expect(() => services.scope({ health: { tll: 1 } } as never)).toThrow("health.tll");
});

test("what start, reload and describe are given is looked at before anything is made", async () => {
  const services = defineServices({ payments: rest() }, { logger: silentLogger, env: {} });
  const wrong = { sginal: 1, env: ".env" } as never;
  expect((await failureOf(services.start(wrong), isServiceConfigurationError)).problems).toEqual([
    "env must be an object of variables, or a function that gives one",
    expect.stringMatching(/^unknown option sginal; did you mean signal/),
  ]);
  expect((await failureOf(services.reload(wrong), isServiceConfigurationError)).problems).toHaveLength(2);
  expect(refusalOf(() => services.describe(wrong)).problems).toHaveLength(2);
});

test("definitions, options and fakes that are none are told as such", () => {
  const services = defineServices({ payments: rest() }, { logger: silentLogger });
  for (const none of [null, undefined, [rest()], 1]) {
    expect(refusalOf(() => defineServices(none as never)).problems).toEqual([
      "defineServices() needs the definitions by name, as an object",
    ]);
    expect(refusalOf(() => services.override(none as never)).problems).toEqual([
      "fakes are given by name, as an object",
    ]);
  }
  expect(refusalOf(() => services.scope(null as never)).problems).toEqual(["the options must be an object, not null"]);
});
