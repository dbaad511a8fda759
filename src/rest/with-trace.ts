import type { TraceContext } from "../core/trace-context.ts";
import type { OwnHeaders } from "./auth/authorizer.ts";
import type { PreparedRequest } from "./request.ts";

/**
 * The request with the trace of the one that it is made in. What the call or its service says of the trace wins, also
 * where a call says that none is to be sent; a state goes with its own parent alone (W3C Trace Context, section 3.3).
 */
export function withTrace(request: PreparedRequest, own: OwnHeaders, trace: TraceContext): PreparedRequest {
  const { traceparent, tracestate } = trace;
  const { headers } = request;
  const says = (name: string): boolean =>
    headers[name] !== undefined || Object.keys(own ?? {}).some((given) => given.toLowerCase() === name);
  if (says("traceparent")) return request;
  const state = tracestate === undefined || says("tracestate") ? {} : { tracestate };
  return { ...request, headers: { ...headers, traceparent, ...state } };
}
