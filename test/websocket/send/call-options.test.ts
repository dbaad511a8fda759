import { expect, test } from "vitest";
import { callOptionProblems } from "../../../src/websocket/send/call-options.ts";

const problems = (options: unknown) => callOptionProblems("send", options, ["signal", "timeoutMs", "topic"]);

test("options that are sound, or none, are no problem", () => {
  const signal = AbortSignal.any([]);
  expect(
    [problems({}), problems({ signal, timeoutMs: 1, topic: "a" }), problems({ signal: undefined })].flat(),
  ).toEqual([]);
});

test("everything that is wrong is told at once, and no value is shown but a number", () => {
  expect(problems({ signal: "hunter2", timeoutMs: 0, topic: 5, timeout: 5 })).toEqual([
    "send: unknown option timeout; known are signal, timeoutMs, topic",
    "send: signal must be an AbortSignal",
    "send: timeoutMs must be a number above 0, not 0",
    "send: topic must be the key of a subscription",
  ]);
  expect(problems({ timeoutMs: "hunter2" })).toEqual(["send: timeoutMs must be a number above 0, not a string"]);
});

test.each([Number.NaN, -1, 0])("a limit of %s is none", (timeoutMs) => {
  expect(problems({ timeoutMs })).toHaveLength(1);
});

test.each([null, 5, "hunter2"])("options that are %s are no object", (options) => {
  expect(problems(options)).toEqual(["send: the options must be an object with signal, timeoutMs, topic"]);
});
