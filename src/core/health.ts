import { isExternalServiceError } from "./errors.ts";

/** `pass`: usable. `warn`: usable, with trouble. `fail`: not usable now. The words of health+json. */
export type HealthStatus = "pass" | "warn" | "fail";

/** What is known about one service at one moment. */
export interface HealthReport {
  readonly service: string;
  readonly status: HealthStatus;
  /** How long the check took, in milliseconds. */
  readonly latencyMs: number;
  /** The state of the service or its stream, as the service names it. */
  readonly state: string;
  /** When it was checked: ISO 8601, UTC. */
  readonly time: string;
  /** Why it is not `pass`, for people; names no secret. */
  readonly output?: string;
  /** Further figures of this kind of service. */
  readonly details?: Readonly<Record<string, unknown>>;
}

const order: readonly HealthStatus[] = ["pass", "warn", "fail"];

/** The worst of them; `pass` for none. */
export function worstStatus(statuses: Iterable<HealthStatus>): HealthStatus {
  let worst = 0;
  for (const status of statuses) worst = Math.max(worst, order.indexOf(status));
  return order[worst] ?? "pass";
}

/** What somebody else's check tells may be anything. */
export const hasStatus = (told: unknown): told is Partial<HealthReport> & { readonly status: HealthStatus } =>
  typeof told === "object" &&
  told !== null &&
  (order as readonly unknown[]).includes((told as { status?: unknown }).status);

/** What to say of a check that threw: our own errors in full, of others only the kind. Never throws. */
export function healthOutput(error: unknown): string {
  try {
    if (isExternalServiceError(error)) return error.message;
    if (error instanceof Error && typeof error.name === "string") return error.name;
  } catch {
    // It was a getter or a proxy of somebody else's.
  }
  return "the check failed";
}
