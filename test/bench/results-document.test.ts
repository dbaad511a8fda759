import { describe, expect, test } from "vitest";
import { type Facts, sectionOf, withSection } from "../../bench/results-document.ts";
import { calls, row } from "./suites.ts";

const facts: Facts = {
  command: "npm run bench -- calls",
  date: "2026-11-25",
  machine: "A processor, 2 cores",
  pinning: "nothing pinned",
  load: [0.12, 1.5],
  versions: { Node: "24.21.0", undici: "8.12.4" },
};

describe("the document", () => {
  test("gets a section of its own for each suite, and keeps those of the others", () => {
    const one = withSection("", "calls", "## Calls\n\nfirst");
    const both = withSection(one, "streams", "## Streams");
    const again = withSection(both, "calls", "## Calls\n\nsecond");
    expect(again).not.toContain("first");
    expect(again.indexOf("second")).toBeLessThan(again.indexOf("## Streams"));
    expect(again.match(/^# /gm)).toHaveLength(1);
    expect(withSection(again, "streams", "## Streams")).toBe(again);
  });
});

describe("a section", () => {
  test("says how, when, on what and under which load it was measured", () => {
    const text = sectionOf(calls, [row()], facts);
    expect(text).toContain(
      "`npm run bench -- calls`, 2026-11-25; 3 rounds, medians. A processor, 2 cores; nothing pinned.",
    );
    expect(text).toContain("Load average 0.1 before and 1.5 after.");
    expect(text).toContain("Versions: Node 24.21.0, undici 8.12.4.");
  });

  test("of one round has no medians", () => {
    expect(sectionOf(calls, [row({ rounds: 1 })], facts)).toContain("2026-11-25; one round. A processor");
  });

  test("says how many promises it cannot speak of", () => {
    const of = { workload: "get@1", subject: "ours", figure: "cpuUs" } as const;
    const text = sectionOf({ ...calls, targets: [{ of, atMost: 1 }] }, [row()], facts);
    expect(text).toMatch(/^## Calls\n\nOf 1 promises, 0 were measured in this run\.\n\n`npm/);
  });

  test("has a table for each workload that was run, and says what the subjects are", () => {
    const text = sectionOf(calls, [row()], facts);
    expect(text).toContain("### get@64\n\nMany GETs.\n\n| subject |");
    expect(text).not.toContain("### get@1\n");
    expect(text).toContain("| theirs | Some of it. |");
  });

  test("begins with what was promised, and whether it was kept", () => {
    const of = { workload: "get@64", subject: "ours", figure: "cpuUs" } as const;
    const text = sectionOf({ ...calls, targets: [{ of, atMost: 1 }] }, [row()], facts);
    expect(text).toMatch(
      /^## Calls\n\n\| promised \|.*\n.*\n\| get@64: CPU µs, ours \| at most 1 \| 2 \| \*\*NO\*\* \|\n\n`npm/,
    );
  });

  test("has what the workloads say together before their own tables", () => {
    const conclusions = (rows: readonly unknown[]): readonly (readonly string[])[] => [
      ["axis", "slope"],
      ["calls", `${rows.length}.00`],
    ];
    const text = sectionOf({ ...calls, conclusions }, [row()], facts);
    expect(text).toContain("| axis | slope |\n| --- | ---: |\n| calls | 1.00 |\n\n### get@64");
    expect(sectionOf({ ...calls, conclusions: () => [] }, [row()], facts)).toBe(sectionOf(calls, [row()], facts));
  });

  test("tells what makes its figures doubtful", () => {
    expect(sectionOf({ ...calls, doubts: () => ["It was hot."] }, [row()], facts)).toContain("\n- It was hot.\n");
  });
});
