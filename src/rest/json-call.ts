import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ServiceConfigurationError } from "../core/errors.ts";
import { isSchema } from "../core/schema.ts";
import type { CurrentCalls } from "./current-calls.ts";
import type { RequestOptions } from "./request.ts";
import type { ServiceResponse } from "./response.ts";
import { ServiceCall } from "./service-call.ts";
import { matchError, type StatusSchemas, statusSchemasProblem } from "./status-schemas.ts";

/** A call whose answer is JSON: checked by the schema, or by the one for its status, within the time of the call. */
export function jsonCall(
  calls: CurrentCalls,
  method: string,
  endpoint: string,
  options: RequestOptions & { readonly schema?: StandardSchemaV1 | StatusSchemas | undefined } = {},
): ServiceCall<unknown, unknown> {
  try {
    const schema = (options as typeof options | null)?.schema;
    if (schema === undefined) return calls.read(method, endpoint, options, parsed);
    const { schema: _, ...call } = options;
    const byStatus = isSchema(schema) ? undefined : schema;
    const problem = byStatus === undefined ? undefined : statusSchemasProblem(byStatus);
    if (problem !== undefined) throw new ServiceConfigurationError(calls.service, [`${method}: ${problem}`]);
    const patience = calls.patienceFor(call);
    return calls.read(method, endpoint, call, {
      read: (response) => response.jsonWithin(schema, patience),
      failed: byStatus === undefined ? undefined : (error) => matchError(error, byStatus, patience),
    });
  } catch (error) {
    return new ServiceCall((_resolve, reject) => reject(error));
  }
}

const parsed = { read: (response: ServiceResponse): unknown => response.json() };
