import { describe, expect, test } from "vitest";
import { UsageError } from "../../../examples/storefront/command-line.ts";
import { behaviours, type CaseResult, exitCodeOf, readBehaviour, tally } from "./behaviour.ts";
import type { CaseClient } from "./echo.ts";
import { readFlags } from "./flags.ts";
import { corpus } from "./imitation/corpus.ts";
import { startImitation } from "./imitation/server.ts";
import { lineOf, summaryOf } from "./report.ts";
import { runCases, wantedBy } from "./run-cases.ts";

const result = (id: string, behaviour: CaseResult["behaviour"]): CaseResult => ({
  number: 1,
  id,
  description: "a case",
  behaviour,
  reason: "since",
});

test.each(behaviours)("a status of %s is taken as it is", (behaviour) => {
  expect(readBehaviour({ behavior: behaviour })).toEqual({ behaviour, reason: "" });
});

test.each([undefined, null, {}, { behavior: "WRONG CODE" }, "OK", 5])("a status of %j has failed", (answer) => {
  expect(readBehaviour(answer).behaviour).toBe("FAILED");
});

test("a run has passed where cases were run and none has failed, whatever else is among them", () => {
  const passed = [
    result("1", "OK"),
    result("2", "NON-STRICT"),
    result("3", "INFORMATIONAL"),
    result("4", "UNIMPLEMENTED"),
  ];

  expect(exitCodeOf(passed)).toBe(0);
  expect(exitCodeOf([...passed, result("5", "FAILED")])).toBe(1);
  expect(exitCodeOf([])).toBe(1);
  expect(tally(passed)).toEqual({ OK: 1, "NON-STRICT": 1, INFORMATIONAL: 1, UNIMPLEMENTED: 1, FAILED: 0 });
});

test("the summary names the cases that have failed, and each line its reason", () => {
  const results = [result("1.1", "OK"), result("2.5", "FAILED")];

  expect(summaryOf(results)).toMatch(/^2 cases\nOK +1\n[^]*FAILED +1\nfailed: 2\.5$/);
  expect(lineOf(result("1.1", "OK"))).not.toContain("since");
  expect(lineOf(result("2.5", "FAILED"))).toContain("since");
});

test("a pattern is an id, or many with a star, and a dot is a dot", () => {
  const isWanted = wantedBy(["6.4.*", "7.1.1"]);

  expect(["6.4.1", "6.4.10", "7.1.1"].every(isWanted)).toBe(true);
  expect(["6.40.1", "7.1.10", "7.1", "16.4.1", "6x4.1"].some(isWanted)).toBe(false);
  expect(wantedBy([])("1.1.1")).toBe(true);
});

describe("the command line", () => {
  test("is read", () => {
    expect(readFlags(["--url", "ws://127.0.0.1:9001/", "--case", "1.*", "--case", "2.1", "--compression"])).toEqual({
      url: "ws://127.0.0.1:9001",
      agent: undefined,
      cases: ["1.*", "2.1"],
      compression: true,
      help: false,
    });
    expect(readFlags(["--imitation"]).url).toBe("imitation");
    expect(readFlags(["--help"]).help).toBe(true);
  });

  test.each([[[]], [["--url", "http://a"]], [["--url", "x"]], [["--url", "ws://a", "--imitation"]], [["--what"]]])(
    "%j is refused",
    (args) => {
      expect(() => readFlags(args)).toThrow(UsageError);
    },
  );
});

describe("the runner", () => {
  const cases = corpus.slice(0, 3);
  const idle: CaseClient = { runCase: async () => undefined };

  test("reports each case as it ends, and goes on after a client that has no connection", async () => {
    await using server = await startImitation({ cases });
    const told: string[] = [];
    let runs = 0;
    const client: CaseClient = {
      runCase: async (url) => {
        runs += 1;
        if (url.includes("case=2")) throw new Error("no route");
      },
    };
    const results = await runCases({
      url: server.url,
      agent: "a b",
      client,
      isWanted: wantedBy(["1.1.2"]),
      onResult: ({ id, behaviour, reason }) => told.push(`${id} ${behaviour} ${reason}`),
    });

    expect(told).toEqual(["1.1.2 FAILED the client had no connection: no route"]);
    expect(results).toHaveLength(1);
    expect(runs).toBe(1);
    expect(server.reports).toEqual(["a b"]);
  });

  test("calls a case failed of which the server knows nothing", async () => {
    await using server = await startImitation({ cases });
    const results = await runCases({ url: server.url, agent: "a", client: idle });

    expect(results.map(({ behaviour }) => behaviour)).toEqual(["FAILED", "FAILED", "FAILED"]);
  });

  test("throws for a server that has no cases, and where it is stopped", async () => {
    await using empty = await startImitation({ cases: [] });
    await using server = await startImitation({ cases });

    await expect(runCases({ url: empty.url, agent: "a", client: idle })).rejects.toThrow("is no fuzzing server");
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(runCases({ url: server.url, agent: "a", client: idle, signal })).rejects.toThrow("enough");
  });
});
