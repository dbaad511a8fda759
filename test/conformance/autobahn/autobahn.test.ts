import { env } from "node:process";
import { expect, test } from "vitest";
import { agentName, hawserEcho } from "./echo.ts";
import { lineOf, summaryOf } from "./report.ts";
import { runCases } from "./run-cases.ts";

const url = env["AUTOBAHN_URL"]?.replace(/\/+$/, "");

if (url === undefined) {
  /* oxlint-disable-next-line no-console */
  console.warn(
    "SKIPPED: Autobahn. Nothing says where its fuzzing server runs; set AUTOBAHN_URL (test/conformance/autobahn/README.md).",
  );
}

test.skipIf(url === undefined)(
  "an echo service through WebSocketService fails no case of Autobahn",
  async () => {
    const results = await runCases({ url: url ?? "", agent: agentName(), client: hawserEcho() });
    /* oxlint-disable-next-line no-console */
    console.info(summaryOf(results));

    expect(results.filter(({ behaviour }) => behaviour === "FAILED").map(lineOf)).toEqual([]);
    expect(results.length).toBeGreaterThan(0);
  },
  3_600_000,
);
