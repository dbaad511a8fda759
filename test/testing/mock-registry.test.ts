import { expect, test } from "vitest";
import { defineServices, rest, RESTService, silentLogger } from "../../src/index.ts";
import { mockTransport } from "../../src/testing/index.ts";

class Payments extends RESTService {}
class Notifications extends RESTService {}

const services = defineServices({ payments: rest(Payments, { endpointBase: "/v1" }), notes: rest(Notifications) });
const env = { PAYMENTS_URL: "https://pay.test", NOTES_URL: "https://notes.test" };

test("one mock answers for all services of a registry, in scopes that do not see each other", async () => {
  const run = async (answer: string): Promise<unknown[]> => {
    await using mock = mockTransport();
    mock.on("GET", "/v1/x", { origin: "https://pay.test" }).reply(200, `paid ${answer}`);
    mock.on("GET", "/x", { origin: "https://notes.test" }).reply(200, `noted ${answer}`);
    const scope = services.scope({ logger: silentLogger, defaults: { rest: { dispatcher: mock } } });
    await scope.start({ env });
    const answers = [await scope.get("payments").get("/x"), await scope.get("notes").get("/x")];
    await scope.stop();
    return answers.map((one) => one.text());
  };
  expect(await Promise.all([run("a"), run("b")])).toEqual([
    ["paid a", "noted a"],
    ["paid b", "noted b"],
  ]);
});
