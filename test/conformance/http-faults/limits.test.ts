import { expect, test } from "vitest";
import { isServiceTimeoutError } from "../../../src/core/errors.ts";
import { httpServer } from "../../support/http-server.ts";
import { reasonOf, startedPayments } from "../../support/rest-client.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { limitFaults } from "./cases/limits.ts";
import { testCases } from "./corpus-test.ts";
import { expectedFailures } from "./expected-failures.ts";

testCases(limitFaults);

const whileDecoding = "a schema that never comes to an end is ended by the deadline";

// Not of the corpus, because of the peers only one has schemas.
test.each([whileDecoding])("%s", { fails: Object.hasOwn(expectedFailures, whileDecoding) }, async () => {
  const clock = new VirtualClock();
  const asked = Promise.withResolvers<void>();
  const schema = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: async (): Promise<{ value: unknown }> => {
        asked.resolve();
        return new Promise(() => undefined);
      },
    },
  };
  await using server = await httpServer();
  await using service = await startedPayments(server, { clock, deadlineMs: 1_000 });
  const failed = reasonOf(service.getJson("/x", { schema }));
  await asked.promise;
  await clock.advance(1_000);
  const reason = await Promise.race([failed, clock.advance(0)]);
  expect(isServiceTimeoutError(reason)).toBe(true);
});
