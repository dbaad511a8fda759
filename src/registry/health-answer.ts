import type { RegistryHealth } from "./registry-health.ts";

/** An HTTP answer, for whatever framework sends it. */
export interface HealthAnswer {
  /** 200 for `pass` and `warn`, 503 for `fail`. */
  readonly status: 200 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The answer of a readiness endpoint, in `application/health+json` (draft-inadarei-api-health-check): what platforms
 * read is the status; the body tells people which service it is. Outputs name no secret, but they do name services:
 * keep the endpoint to those who run the application.
 */
export function healthAnswer(health: RegistryHealth): HealthAnswer {
  const checks = Object.entries(health.services).flatMap(([name, report]) => {
    if (report === undefined) return [];
    const { status, latencyMs, time, output } = report;
    const measured = { componentType: "component", observedValue: latencyMs, observedUnit: "ms", status, time };
    // The draft wants none for what passes.
    const check = status === "pass" || output === undefined ? measured : { ...measured, output };
    return [[`${name}:responseTime`, [check]] as const];
  });
  return {
    status: health.status === "fail" ? 503 : 200,
    // Of this moment, and nobody else's: a cache in between would hold on to a replica that is long gone.
    headers: { "content-type": "application/health+json", "cache-control": "no-store" },
    body: JSON.stringify({ status: health.status, checks: Object.fromEntries(checks) }),
  };
}
