import { expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import type { CallFacts } from "../../src/resilience/outcome.ts";
import { misuse } from "../../src/rest/misuse.ts";

test("what whoever wrote the call has to mend is not tried again, and names the call and what is wrong", () => {
  const failure = misuse({ service: "payments", operation: "PUT /x" }, "no body");
  expect(failure).toMatchObject({ outcome: "not-sent", verdict: "local", isTransient: false });
  const error = failure.toError({} as CallFacts);
  expect(isServiceConfigurationError(error)).toBe(true);
  expect(error).toMatchObject({ service: "payments", code: failure.code, problems: ["PUT /x: no body"] });
});
