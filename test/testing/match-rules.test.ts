import { describe, expect, test } from "vitest";
import { contains, mockTransport } from "../../src/testing/index.ts";
import { apiKeyHeader, apiKeyQuery } from "../../src/rest/auth/fixed.ts";
import { anyFailureOf, startedPayments } from "../support/rest-client.ts";

const at = { url: "https://api.test" };
const items = (body: unknown): boolean => (body as { items: unknown[] }).items.length === 2;
const broken = (): boolean => {
  throw new Error("must not be asked");
};

describe("the functions of a rule are asked about no call but one that fits in all else", () => {
  test.each([
    ["another path", "POST", "/other", {}],
    ["another method", "PUT", "/x", {}],
    ["another origin", "POST", "/x", { origin: "https://other.test" }],
    ["another header", "POST", "/x", { headers: { "x-tenant": "t2" } }],
    ["another query", "POST", "/x", { query: { page: 2 } }],
  ] as const)("%s", async (_what, method, path, rules) => {
    await using mock = mockTransport();
    mock
      .on(method, path, { ...rules, body: broken, when: broken })
      .reply(500)
      .optional();
    mock.on("POST", "/x").reply(200, "right");
    await using service = await startedPayments(at, { dispatcher: mock });
    expect((await service.post("/x")).text()).toBe("right");
  });

  test("nor for the message about a call that nobody expects", async () => {
    await using mock = mockTransport();
    mock.on("POST", "/orders", { body: items }).reply(200).optional();
    await using service = await startedPayments(at, { dispatcher: mock });
    expect((await anyFailureOf(service.get("/users"))).message).toContain(
      "expects no GET /users at https://api.test. The nearest:\n  POST /orders: method is GET, not POST; path is /users",
    );
    mock.reset();
  });

  test("one that throws about a call that nobody takes is named, and the call ends, a stream or not", async () => {
    await using mock = mockTransport();
    mock.on("PUT", "/x", { body: items }).reply(200).optional();
    mock.on("PUT", "/x", { body: { items: [1, 2] } }).reply(200);
    await using service = await startedPayments(at, { dispatcher: mock });
    await service.put("/x", { json: { items: [1, 2] } });
    const text = "PUT /x: a function of its rules threw: Cannot read properties of undefined";
    await expect(service.put("/x", { text: "a" })).rejects.toThrow(text);
    await expect(service.put("/x", { stream: () => [Buffer.from("a")] })).rejects.toThrow(text);
    expect(mock.history).toHaveLength(3);
    mock.reset();
  });
});

describe("within an expected body", () => {
  const sent = { id: "pay_1", amount: 1, to: { name: "Ada", tags: ["a", "b"] } };
  test.each<[string, unknown]>([
    ["a pattern tests a text", { ...sent, id: /^pay_/g }],
    ["a function decides", contains({ amount: (value: unknown) => value === 1 })],
    ["a part may stand in a whole", { ...sent, to: contains({ name: "Ada" }) }],
    ["a matcher of a test runner decides", { ...sent, id: expect.any(String) }],
    ["also as the whole", expect.objectContaining({ id: "pay_1" })],
    ["also for a list", contains({ to: { tags: expect.arrayContaining(["b"]) } })],
    ["a field that is undefined must be absent", { ...sent, note: undefined }],
  ])("%s", async (_what, body) => {
    await using mock = mockTransport();
    mock.on("POST", "/x", { body }).reply(204);
    await using service = await startedPayments(at, { dispatcher: mock });
    expect((await service.post("/x", { json: sent })).status).toBe(204);
  });

  test.each<[string, unknown, string]>([
    ["a pattern fits no number", contains({ amount: /1/ }), "body.amount is 1, not /1/"],
    ["and says no", contains({ to: { name: () => false } }), "body.to.name is not what the function accepts"],
    ["and says no", { ...sent, amount: expect.any(String) }, "body.amount is not what the matcher accepts"],
    ["also where a part is asked for", contains({ id: undefined }), 'body.id is "pay_1", which was not expected'],
    ["one that was not expected is named", { ...sent, to: { name: "Ada" } }, "body.to.tags is [ 'a', 'b' ], which"],
    ["one that is missing is named", { ...sent, "due-on": "now" }, 'body["due-on"] is absent, not "now"'],
    ["the items of a list are named", contains({ to: { tags: ["a", "c"] } }), 'body.to.tags[1] is "b", not "c"'],
    ["and their number", contains({ to: { tags: ["a", "b", "c"] } }), "body.to.tags.length is 2, not 3"],
    [
      "and their number, of the whole",
      { ...sent, to: { name: "Ada", tags: ["a"] } },
      "body.to.tags.length is 2, not 1",
    ],
    ["a date is no object without fields", contains({ to: new Date(0) }), "body.to is { name: 'Ada'"],
    ["the first three places are named", { a: 1, b: 2, c: 3, d: 4 }, "and 4 more of the body"],
    [
      "nothing is asked about what is not there",
      contains({ note: broken }),
      "body.note is not what the function accepts",
    ],
  ])("%s", async (_what, body, difference) => {
    await using mock = mockTransport();
    mock.on("POST", "/x", { body }).reply(204);
    await using service = await startedPayments(at, { dispatcher: mock });
    expect((await anyFailureOf(service.post("/x", { json: sent }))).message).toContain(difference);
    mock.reset();
  });

  test("what has the name of a credential is not shown, nor what an auth provider set", async () => {
    await using mock = mockTransport();
    const rules = {
      query: contains({ merchant: "x" }),
      body: { password: "other", to: { client_secret: { a: "b" } } },
    };
    mock.on("POST", "/x", rules).reply(204).optional();
    mock
      .on("POST", "/x", { headers: { "x-shop": "other" } })
      .reply(204)
      .optional();
    for (const auth of [apiKeyQuery("merchant", "hunter2"), apiKeyHeader("x-shop", "hunter2")]) {
      await using service = await startedPayments(at, { dispatcher: mock, auth });
      const json = { password: "hunter2", to: { client_secret: { a: "hunter2" } } };
      const { message } = await anyFailureOf(service.post("/x", { json }));
      expect(message).not.toContain("hunter2");
      expect(message).toContain("body.to.client_secret.a is [redacted], not [redacted]");
    }
    mock.reset();
  });
});
