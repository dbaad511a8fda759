import { equal } from "node:assert/strict";
import { after, afterEach, describe, it, test } from "node:test";
import { mockTransport, script, scriptedServer } from "../../../src/testing/index.ts";

async function leave(path: string): Promise<void> {
  await using mock = mockTransport();
  mock.on("GET", path).reply(200);
}

void test("body fails", async () => {
  await using mock = mockTransport();
  mock.on("GET", "/first").reply(200);
  equal("is", "expected");
});

void test("body passes", () => leave("/second"));

void test("in a hook of the test", (t) => {
  t.after(() => leave("/third"));
});

void test("with a server", async () => {
  await using _ = await scriptedServer(script().expect("never"));
  equal("was", "expected");
});

void describe("a suite", () => {
  afterEach(() => leave("/fourth"));
  void it("in a hook after each", () => undefined);
});

void describe("another suite", () => {
  after(() => leave("/fifth"));
  void it("in a hook after all", () => undefined);
});

void test("of tests", async (t) => {
  t.afterEach(() => leave("/sixth"));
  await t.test("within", () => undefined);
});
