import { expect, test } from "vitest";
import { mockTransport } from "../../src/testing/index.ts";
import { startedPayments } from "../support/rest-client.ts";

const at = { url: "https://api.test" };

test("an expectation answers its call, with the values of its path", async () => {
  await using mock = mockTransport();
  mock.on("GET", "/users/{id}").reply(200, ({ params }) => ({ id: params.id }), { headers: { "X-Trace": "7" } });
  await using service = await startedPayments(at, { dispatcher: mock });
  const answer = await service.get("/users/{id}", { path: { id: "a/b" } });
  expect(answer.status).toBe(200);
  expect(answer.json()).toEqual({ id: "a/b" });
  expect(answer.headers).toEqual({ "x-trace": "7", "content-type": "application/json", "content-length": "12" });
});
