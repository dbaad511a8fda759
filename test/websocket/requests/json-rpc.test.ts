import { describe, expect, test } from "vitest";
import { answeredId, fieldsOf, jsonRpcRequest, readJsonRpcAnswer } from "../../../src/websocket/requests/json-rpc.ts";
import { thrownBy } from "../peer.ts";

const thrownIn = (work: () => unknown): Promise<unknown> => thrownBy((async () => work())());

describe("a call", () => {
  test("gets its version and its id, and keeps what else it says", () => {
    const call = { method: "eth_call", params: [1], usIn: 5 };
    expect(jsonRpcRequest("node", call, 7)).toEqual({
      jsonrpc: "2.0",
      id: 7,
      method: "eth_call",
      params: [1],
      usIn: 5,
    });
    expect(jsonRpcRequest("node", { jsonrpc: "2.0", method: "ping" }, 8)).toEqual({
      jsonrpc: "2.0",
      id: 8,
      method: "ping",
    });
  });

  test.each([
    ["text", "ping"],
    ["bytes", new Uint8Array([1])],
    ["an array", [{ method: "ping" }]],
    ["null", null],
    ["undefined", undefined],
  ])("is not %s, and the error says to give match", async (_what, message) => {
    const error = await thrownIn(() => jsonRpcRequest("node", message, 1));
    expect(error).toMatchObject({ code: "configuration-invalid" });
    expect(String(error)).toMatch(/must be \{ method, params \}.* or give match/);
  });

  test("that is wrong in several ways says all of them at once", async () => {
    const message = { jsonrpc: "1.0", id: 4, method: "", params: "x" };
    const { problems } = (await thrownIn(() => jsonRpcRequest("node", message, 1))) as { problems: string[] };
    expect(problems.map((problem) => problem.split(" ")[1])).toEqual(["method", "id", "params", "jsonrpc"]);
    expect(problems.filter((problem) => problem.includes("or give match"))).toHaveLength(3);
  });

  test.each([[null], [5]])("with params %s is refused: they are an array or an object", async (params) => {
    const error = await thrownIn(() => jsonRpcRequest("node", { method: "x", params }, 1));
    expect(error).toMatchObject({ problems: [expect.stringContaining("params must be an array or an object")] });
  });
});

describe("an answer", () => {
  test.each([
    [5, 5],
    ["5", 5],
    ["05", undefined],
    ["5x", undefined],
    ["", undefined],
    [null, undefined],
    [undefined, undefined],
    [{}, undefined],
  ])("with the id %j answers %s", (id, expected) => {
    expect(answeredId({ id })).toBe(expected);
  });

  test.each<[string, Record<string, unknown>, unknown]>([
    ["a result", { result: { x: 1 } }, { kind: "result", result: { x: 1 } }],
    ["a result of null", { result: null }, { kind: "result", result: null }],
    ["a result of false", { result: false }, { kind: "result", result: false }],
    [
      "a result beside an error of null, as version 1.0 has it",
      { result: 1, error: null },
      { kind: "result", result: 1 },
    ],
    ["both null", { result: null, error: null }, { kind: "result", result: null }],
    [
      "an error beside a result of null",
      { result: null, error: { code: -1, message: "no" } },
      { kind: "error", code: -1, message: "no", data: undefined },
    ],
    [
      "an error with data and a message that is no text",
      { error: { code: 3, message: 5, data: ["x"] } },
      { kind: "error", code: 3, message: undefined, data: ["x"] },
    ],
    ["an error that is text", { error: "no" }, { kind: "malformed", detail: "its error has no code" }],
    ["an error without a code", { error: { message: "no" } }, { kind: "malformed", detail: "its error has no code" }],
    [
      "a result and an error",
      { result: 1, error: { code: 1 } },
      { kind: "malformed", detail: "it has a result and an error" },
    ],
    ["neither, with the version", { jsonrpc: "2.0" }, { kind: "malformed", detail: "it has no result and no error" }],
    ["an error of null alone", { error: null }, { kind: "malformed", detail: "it has no result and no error" }],
    ["neither, without the version: it is an event that counts too", { price: 5 }, undefined],
    ["a method: it is a call of the service's own", { jsonrpc: "2.0", method: "ping", result: 1 }, undefined],
  ])("is read where it has %s", (_what, fields, expected) => {
    expect(readJsonRpcAnswer({ id: 1, ...fields })).toEqual(expected);
  });
});

describe("the fields of a message", () => {
  test.each<[string, unknown, unknown]>([
    ["an object", { id: 1 }, { id: 1 }],
    ["text that is an object", ' \n{"id":1}', { id: 1 }],
    ["bytes that are an object", new TextEncoder().encode('{"id":1}'), { id: 1 }],
    ["text that is another JSON value", "[1]", undefined],
    ["text that only begins like one", "{nope", undefined],
    ["other bytes", new Uint8Array([0, 1]), undefined],
    ["no bytes", new Uint8Array(), undefined],
    ["an array", [1], undefined],
    ["null", null, undefined],
    ["a number", 5, undefined],
  ])("are those of %s", (_what, message, expected) => {
    expect(fieldsOf(message)).toEqual(expected);
  });
});
