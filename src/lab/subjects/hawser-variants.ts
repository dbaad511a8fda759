import type { Subject } from "../subject.ts";
import { hawserSubject, type LabOptions } from "./hawser.ts";

function variant(id: string, name: string, options: LabOptions, about: string): Subject {
  return hawserSubject(options, { id: `hawser-${id}`, name, group: "ablation", about });
}

/** Hawser with one policy switched off, or on, to show what that policy is for and what it costs. */
export const hawserVariants: readonly Subject[] = [
  variant("no-retry", "– no retries", { retry: false }, "Hawser with `retry: false`."),
  variant("no-budget", "– no budget", { retry: { budget: false } }, "Hawser with `retry: { budget: false }`."),
  variant("no-breaker", "– no breaker", { circuitBreaker: false }, "Hawser with `circuitBreaker: false`."),
  variant("no-limit", "– no limit", { concurrency: false }, "Hawser with `concurrency: false`."),
  variant("hedge", "+ hedge", { hedge: true }, "Hawser with `hedge: true`."),
];
