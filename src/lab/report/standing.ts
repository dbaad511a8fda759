import type { Scenario } from "../scenario.ts";
import type { Subject } from "../subject.ts";
import { isFailing, type Summary } from "../summarise.ts";

/** How the first subject stands in one scenario against all that are not variants of it. */
export interface Standing {
  readonly scenario: Scenario;
  readonly own: Summary;
  /** The best of the others in goodput. */
  readonly best: { readonly name: string; readonly summary: Summary };
  /** Percentage points of goodput behind the best of the others; negative where ahead. */
  readonly behind: number;
  readonly isFailing: boolean | undefined;
}

/** What was run, with its figures. */
export interface Results {
  readonly scenarios: readonly Scenario[];
  readonly subjects: readonly Pick<Subject, "id" | "name" | "group" | "about">[];
  readonly summaries: readonly Summary[];
}

export function summaryOf(results: Results, scenario: string, subject: string): Summary | undefined {
  return results.summaries.find((one) => one.scenario === scenario && one.subject === subject);
}

/** One standing for each scenario; none where there is nobody to be compared with. */
export function standings(results: Results): readonly Standing[] {
  const [first, ...others] = results.subjects;
  if (first === undefined) return [];
  return results.scenarios.flatMap((scenario) => {
    const own = summaryOf(results, scenario.id, first.id);
    const rivals = others
      .filter(({ group }) => group !== "ablation")
      .flatMap(({ id, name }) => {
        const summary = summaryOf(results, scenario.id, id);
        return summary === undefined ? [] : [{ name, summary }];
      })
      .toSorted((a, b) => b.summary.goodput.mean - a.summary.goodput.mean);
    const best = rivals[0];
    if (own === undefined || best === undefined) return [];
    const behind = 100 * (best.summary.goodput.mean - own.goodput.mean);
    return [{ scenario, own, best, behind, isFailing: isFailing(results.summaries, scenario.id) }];
  });
}
