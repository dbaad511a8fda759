import type { Row } from "./suite.ts";

/** How much faster than every other client the one must be that does nothing but move bytes. */
const wanted = 2;

/**
 * Workloads in which the server may have been what everybody waited for: where the client that does least is not at
 * least twice as fast as the fastest of the others. One call at a time proves nothing: client and server take turns.
 *
 * @param rawSubject - the client that does least.
 */
export function serverDoubts(rows: readonly Row[], rawSubject: string): readonly string[] {
  const workloads = new Set(rows.map(({ workload }) => workload).filter((workload) => !workload.endsWith("@1")));
  return [...workloads].flatMap((workload) => {
    const here = rows.filter((row) => row.workload === workload);
    const raw = here.find(({ subject }) => subject === rawSubject);
    const others = here.filter(({ subject }) => subject !== rawSubject);
    if (raw === undefined || others.length === 0) return [];
    const fastest = others.reduce((a, b) => (a.wallUs.median < b.wallUs.median ? a : b));
    const times = fastest.wallUs.median / raw.wallUs.median;
    if (times >= wanted) return [];
    return [
      `${workload}: ${rawSubject} is only ${times.toFixed(1)} times as fast as ${fastest.subject}: the server may hold ` +
        "back the fastest, whose wall time and p99 then say little; CPU time stands",
    ];
  });
}
