import { ServiceConfigurationError, ServiceTimeoutError } from "hawser";
import { expect, test } from "vitest";
import { Interruption, OutputClosed } from "../../src/cli/context.ts";
import { CommandFailure, endingFor, UsageError } from "../../src/cli/failure.ts";

test.each([
  ["a wrong command line", new UsageError("a", "b"), 2, ["a", "b"]],
  ["wrong settings of the registry", new ServiceConfigurationError("services", ["a: x", "b: y"]), 2, ["a: x", "b: y"]],
  ["wrong arguments of a service", new ServiceConfigurationError("users", ["x"]), 2, ["users: x"]],
  ["a failed command", new CommandFailure("a"), 1, ["a"]],
  ["Ctrl-C", new Interruption("SIGINT"), 130, []],
  ["SIGTERM", new Interruption("SIGTERM"), 143, []],
  ["a reader that is gone", new OutputClosed(), 0, []],
  ["anything else, with its lines joined", new TypeError("a\n  b"), 1, ["TypeError: a b"]],
  ["what is no error", "oops", 1, ["oops"]],
])("%s", (_what, error, exitCode, problems) => {
  expect(endingFor(error)).toEqual({ exitCode, problems, details: [] });
});

test("a failure of a service is its message", () => {
  const error = new ServiceTimeoutError("deadline", 5, { service: "users", phase: "send", outcome: "unknown" });
  expect(endingFor(error)).toMatchObject({ exitCode: 1, problems: [error.message] });
});
