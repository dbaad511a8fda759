/** Where in a trace a request stands, as its headers say (W3C Trace Context). Sent on as it came, never made up. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

// Section 3.2.2: lower case alone; version ff and ids of nothing but zeros are invalid. A later version may add fields
// behind a dash, and version 00 may not.
const parent = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]+)?$/;
const longestParent = 512;

// Section 3.3.1: keys of one vendor, or of a tenant at one; printable values without comma, equals sign or end space.
const simpleKey = "[a-z0-9][a-z0-9_\\-*/]{0,255}";
const tenantKey = "[a-z0-9][a-z0-9_\\-*/]{0,240}@[a-z][a-z0-9_\\-*/]{0,13}";
const member = new RegExp(`^(?:${simpleKey}|${tenantKey})=[ -+\\--<>-~]{0,255}[!-+\\--<>-~]$`);
const maxMembers = 32;

/**
 * The context that these headers tell of. What is not valid is as if it had not come: without a valid `traceparent`
 * there is no context, and an invalid `tracestate` is left out alone (sections 3.2.3 and 3.3.2).
 */
export function readTraceContext(traceparent: unknown, tracestate: unknown): TraceContext | undefined {
  if (typeof traceparent !== "string" || traceparent.length > longestParent || !parent.test(traceparent)) {
    return undefined;
  }
  if (traceparent.startsWith("00") && traceparent.length !== 55) return undefined;
  return isTraceState(tracestate) ? { traceparent, tracestate } : { traceparent };
}

function isTraceState(value: unknown): value is string {
  if (typeof value !== "string") return false;
  const members = value
    .split(",")
    .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((text) => text !== "");
  return members.length > 0 && members.length <= maxMembers && members.every((text) => member.test(text));
}
