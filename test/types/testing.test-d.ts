// Compiled and never run: a line that must not compile says so above itself, and the compiler checks that it does not.
import { expectTypeOf } from "vitest";
import { z } from "zod";
import { RESTService, type RESTServiceOptions } from "../../src/index.ts";
import {
  type Cassette,
  cassette,
  contains,
  type MockCall,
  type MockFault,
  mockTransport,
  ndjson,
  sse,
} from "../../src/testing/index.ts";

class Payments extends RESTService {}

// Without types of a document, every path goes with every body, and the names in a path are known.
const mock = mockTransport();
mock.on("GET", "/users/{id}/posts/{post}").reply(200, ({ params }) => {
  expectTypeOf(params).toEqualTypeOf<{ readonly id: string; readonly post: string }>();
  // @ts-expect-error: the path has no such name.
  void params.name;
  return { id: params.id };
});
mock.on("POST", "/users", { body: contains({ name: "Ada" }), schema: z.object({ id: z.string() }) }).reply(201, {});
mock.on("GET", "/x").reply(({ method, origin }) => ({ status: 200, body: method + origin }));
mock
  .on("GET", "/x")
  .sequence([{ fail: "reset" }, { status: 503 }, { status: 200, body: sse([]) }, () => ({ status: 200 })])
  .persist()
  .delay(10);
expectTypeOf(mock.calls("GET", "/x")).toEqualTypeOf<readonly MockCall[]>();
expectTypeOf(mock.history[0]?.body).toEqualTypeOf<unknown>();

// It is a dispatcher of a service.
expectTypeOf(mock).toExtend<NonNullable<RESTServiceOptions["dispatcher"]>>();
void new Payments({ baseUrl: "https://api.test", dispatcher: mock });
void new Payments({ baseUrl: "https://api.test", dispatcher: cassette({ file: "a.json" }) });
expectTypeOf(cassette({ file: "a.json" })).toEqualTypeOf<Cassette>();

// @ts-expect-error: a method in lower case is another one.
mock.on("get", "/x");
// @ts-expect-error: there is no such rule.
mock.on("GET", "/x", { querry: {} });
// @ts-expect-error: a status is a number.
mock.on("GET", "/x").reply("200");
// @ts-expect-error: headers are text.
mock.on("GET", "/x").reply(200, {}, { headers: { a: 1 } });
// @ts-expect-error: there is no such fault.
mock.on("GET", "/x").fail("timeout");
// @ts-expect-error: nor is there one in a sequence.
mock.on("GET", "/x").sequence([{ fail: "timeout" }]);
// @ts-expect-error: a step that is neither an answer nor a fault.
mock.on("GET", "/x").sequence([{ body: 1 }]);
// @ts-expect-error: an event has data.
sse([{ id: "1" }]);
// @ts-expect-error: lines are a list.
ndjson(1);
// @ts-expect-error: there is no such mode.
cassette({ file: "a.json", mode: "rec" });
// @ts-expect-error: a cassette has a file.
cassette({});
expectTypeOf<MockFault>().toExtend<string>();

// The types that openapi-typescript makes of a document: paths, methods, statuses and bodies are those of the document.
interface User {
  id: string;
  name: string;
}
interface paths {
  "/users/{id}": {
    parameters: { path: { id: string } };
    get: operations["getUser"];
    put?: never;
    post?: never;
    delete: operations["deleteUser"];
  };
  "/users": {
    get?: never;
    post: operations["createUser"];
  };
  "/export": {
    get: operations["exportUsers"];
  };
}
interface operations {
  getUser: {
    responses: {
      200: { headers: { [name: string]: unknown }; content: { "application/json": User } };
      404: { headers: { [name: string]: unknown }; content: { "application/problem+json": { title: string } } };
    };
  };
  deleteUser: { responses: { 204: { headers: { [name: string]: unknown }; content?: never } } };
  createUser: {
    requestBody: { content: { "application/json": { name: string } } };
    responses: {
      201: { headers: { [name: string]: unknown }; content: { "application/json": User } };
      "4XX": { headers: { [name: string]: unknown }; content: { "application/json": { code: number } } };
    };
  };
  exportUsers: {
    responses: {
      200: { headers: { [name: string]: unknown }; content: { "text/csv": string } };
      default: { headers: { [name: string]: unknown }; content: { "application/json": { error: string } } };
    };
  };
}

const typed = mockTransport<paths>({ basePath: "/v1" });
typed.on("GET", "/users/{id}").reply(200, { id: "1", name: "Ada" });
typed.on("GET", "/users/{id}").reply(200, ({ params }) => ({ id: params.id, name: "Ada" }));
typed.on("GET", "/users/{id}").reply(200, async ({ params }) => ({ id: params.id, name: "Ada" }));
typed.on("GET", "/users/{id}").reply(404, { title: "no" });
typed.on("DELETE", "/users/{id}").reply(204);
typed.on("POST", "/users").reply(422, { code: 1 });
typed.on("GET", "/export").reply(200, "a,b");
typed.on("GET", "/export").reply(200, new Uint8Array());
typed.on("GET", "/export").reply(418, { error: "teapot" });
// What stands between may answer whatever the document says.
typed.on("GET", "/users/{id}").reply(503, "<html>");
typed.on("GET", "/users/{id}").reply(429, undefined, { headers: { "retry-after": "1" } });
typed.on("GET", "/users/{id}").sequence([{ fail: "reset" }, { status: 200, body: { id: "1", name: "Ada" } }]);
expectTypeOf(typed).toExtend<NonNullable<RESTServiceOptions["dispatcher"]>>();

// @ts-expect-error: the document has no such path.
typed.on("GET", "/user/{id}");
// @ts-expect-error: nor this method of the path.
typed.on("POST", "/users/{id}");
// @ts-expect-error: nor this one, which is said to be absent.
typed.on("GET", "/users");
// @ts-expect-error: a field is missing.
typed.on("GET", "/users/{id}").reply(200, { id: "1" });
// @ts-expect-error: a field has another type.
typed.on("GET", "/users/{id}").reply(200, { id: 1, name: "Ada" });
// @ts-expect-error: a field is misspelt.
typed.on("GET", "/users/{id}").reply(200, { id: "1", nam: "Ada" });
// @ts-expect-error: the body is missing.
typed.on("GET", "/users/{id}").reply(200);
// @ts-expect-error: the document has no such status.
typed.on("GET", "/users/{id}").reply(201, { id: "1", name: "Ada" });
// @ts-expect-error: the body of another status.
typed.on("GET", "/users/{id}").reply(404, { id: "1", name: "Ada" });
// @ts-expect-error: a 204 has no body.
typed.on("DELETE", "/users/{id}").reply(204, { id: "1" });
// @ts-expect-error: what a function makes is checked as well.
typed.on("GET", "/users/{id}").reply(200, ({ params }) => ({ id: params.id }));
// @ts-expect-error: a status of the range has the body of the range.
typed.on("POST", "/users").reply(422, { code: "1" });
// @ts-expect-error: any other status has the body of the default.
typed.on("GET", "/export").reply(418, { code: 1 });
// @ts-expect-error: steps are checked by their status.
typed.on("GET", "/users/{id}").sequence([{ status: 200, body: { id: "1" } }]);
