import type { Row } from "./suite.ts";

/** The column of the share of the time per call in which the server worked; see run-suite.ts. */
export const serverBusy = "server busy";

// A server with so much in reserve answers twice as much when it is asked to.
const wanted = 2;

/**
 * Workloads in which the server may have been what everybody waited for. It was not where the client that does least
 * is at least twice as fast as the fastest of the others, or where the server was idle for half of the time of the
 * fastest: with large answers, everybody's time goes into parsing them, the least client's too. One call at a time
 * proves nothing: client and server take turns.
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
    const busy = fastest.more?.[serverBusy]?.median ?? 1;
    if (times >= wanted || busy <= 1 / wanted) return [];
    return [
      `${workload}: ${rawSubject} is only ${times.toFixed(1)} times as fast as ${fastest.subject}, for which the server ` +
        `works ${(100 * busy).toFixed(0)} % of the time: it may hold back the fastest, whose wall time and p99 then say ` +
        "little; CPU time stands",
    ];
  });
}
