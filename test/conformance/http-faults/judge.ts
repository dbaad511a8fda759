import { inspect } from "node:util";
import type { End, Observation } from "./run-case.ts";
import { isHealthy, secrets } from "./run-case.ts";
import { causesOf, nameOf } from "../faults/causes.ts";
import { type FaultCase, type FaultKind, maxDeliveriesOf } from "./fault-case.ts";

/** What a client can do wrong in a case, the gravest first. */
export const defects = [
  "process event",
  "double delivery",
  "wrong success",
  "hang",
  "poisoned pool",
  "sent secret",
  "wrong failure",
  "unclear error",
  "shown secret",
] as const;

export type Defect = (typeof defects)[number];

/** Everything that a client did wrong in a case. The same for Hawser and for its peers. */
export function judge(faultCase: FaultCase, observation: Observation): ReadonlySet<Defect> {
  const found = new Set<Defect>();
  for (const end of observation.ends) {
    const defect = defectOf(faultCase, observation, end);
    if (defect !== undefined) found.add(defect);
    if (end.kind === "failure" && shownBy(end.error).some(hasSecret)) found.add("shown secret");
  }
  if (!isHealthy(observation.next)) found.add("poisoned pool");
  if (observation.deliveredElsewhere.some(({ head, body }) => hasSecret(head) || hasSecret(body ?? ""))) {
    found.add("sent secret");
  }
  if (observation.nextDeliveries > 1 || isDeliveredTooOften(faultCase, observation)) found.add("double delivery");
  return found;
}

function defectOf({ expect }: FaultCase, observation: Observation, end: End): Defect | undefined {
  switch (end.kind) {
    case "hung":
      return "hang";
    case "success": {
      const { status, body } = end.answer;
      // Some clients leave the status to the caller: they have told of the failure.
      if (status >= 300 && (expect.failure?.includes("status") ?? false)) return undefined;
      const { success } = expect;
      if (success === undefined || ![success.body].flat().includes(body) || (success.status ?? status) !== status)
        return "wrong success";
      return isWhole(observation) ? undefined : "wrong success";
    }
    case "failure": {
      if (expect.failure === undefined) return "wrong failure";
      if (expect.failure.includes("aborted") && end.error === observation.abortReason) return undefined;
      return isClear(end.error, expect.failure) ? undefined : "unclear error";
    }
  }
}

/** Whether what came last was what was sent: a stream that was read before is often sent again as nothing. */
function isWhole({ deliveries, sentBody }: Observation): boolean {
  const body = deliveries.at(-1)?.body;
  return sentBody === undefined || body === undefined || body === sentBody;
}

function isDeliveredTooOften(faultCase: FaultCase, { deliveries }: Observation): boolean {
  const counts = new Map<string, number>();
  for (const { method, path } of deliveries) {
    const call = `${method} ${path}`;
    counts.set(call, (counts.get(call) ?? 0) + 1);
  }
  return [...counts.values()].some((count) => count > maxDeliveriesOf(faultCase));
}

/** An error and the chain of its causes, as a log would show them. */
export function shownBy(error: unknown): readonly string[] {
  return causesOf(error).flatMap((one) => [
    one instanceof Error ? `${one.message}\n${one.stack}` : String(one),
    inspect(one, { depth: 4 }),
    asJson(one),
  ]);
}

function asJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}

export const hasSecret = (text: string): boolean => Object.values(secrets).some((secret) => text.includes(secret));

// As kind as can be: a name, a code or a message anywhere in the chain that tells the kind of the fault is enough.
const tells: Record<Exclude<FaultKind, "status">, RegExp> = {
  timeout: /time[ds]?[ -]?out|ETIMEDOUT|ECONNABORTED/i,
  aborted: /abort|cancel|the caller gave up/i,
  dns: /ENOTFOUND|EAI_|getaddrinfo|connection-dns/i,
  connect:
    /ECONNREFUSED|ECONNRESET|socket hang up|UND_ERR_SOCKET|other side closed|disconnected before|connection-connect/i,
  tls: /CERT|ERR_TLS|ERR_SSL|SELF_SIGNED|ALTNAME|certificate|EPROTO|TLS/,
  reset:
    /ECONNRESET|EPIPE|ECONNABORTED|socket hang up|UND_ERR_SOCKET|other side closed|premature|terminated|aborted|connection-reset/i,
  protocol:
    /HPE_|parse|invalid|UND_ERR_HEADERS_OVERFLOW|HEADER_OVERFLOW|MISMATCH|UND_ERR_SOCKET|unexpected|upgrade|connection-protocol/i,
  "too-large": /too.?large|exceed|max\w*(?:size|length|bytes)|ERR_STRING_TOO_LONG/i,
  encoding: /Z_[A-Z]+_ERROR|gzip|zlib|incorrect header|encoding|end of file|decod|decompress|brotli/i,
  json: /JSON|Unexpected token|parse/i,
  redirect: /redirect|location|protocol|scheme|invalid url|response-status/i,
};

function isClear(error: unknown, kinds: readonly FaultKind[]): boolean {
  const said = causesOf(error)
    .map((one) => (one instanceof Error ? nameOf(one) : String(one)))
    .join("\n");
  return kinds.some((kind) => (kind === "status" ? hasStatus(error) : tells[kind].test(said)));
}

function hasStatus(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  const { status, statusCode, response } = error as Record<string, unknown>;
  const inner = (response ?? {}) as Record<string, unknown>;
  return [status, statusCode, inner["status"], inner["statusCode"]].some((value) => typeof value === "number");
}
