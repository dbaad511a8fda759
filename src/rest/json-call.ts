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
  const schema = (options as typeof options | null)?.schema;
  return schema === undefined
    ? ServiceCall.of(calls.call(method, endpoint, options), (response) => parsed(calls, response))
    : checkedCall(calls, method, endpoint, { ...options, schema });
}

function parsed(calls: CurrentCalls, response: ServiceResponse): unknown {
  try {
    return response.json();
  } catch (error) {
    calls.logFailure(error);
    throw error;
  }
}

function checkedCall(
  calls: CurrentCalls,
  method: string,
  endpoint: string,
  { schema, ...call }: RequestOptions & { readonly schema: StandardSchemaV1 | StatusSchemas },
): ServiceCall<unknown, unknown> {
  const byStatus = isSchema(schema) ? undefined : schema;
  const problem = byStatus === undefined ? undefined : statusSchemasProblem(byStatus);
  const patience = calls.patienceFor(call);
  const answered = async (): Promise<ServiceResponse> => {
    if (problem !== undefined) throw new ServiceConfigurationError(calls.service, [`${method}: ${problem}`]);
    try {
      return await calls.call(method, endpoint, call);
    } catch (error) {
      if (byStatus !== undefined) await matchError(error, byStatus, patience);
      throw error;
    }
  };
  const checked = async (response: ServiceResponse): Promise<unknown> => {
    try {
      return await response.jsonWithin(schema, patience);
    } catch (error) {
      calls.logFailure(error);
      throw error;
    }
  };
  return ServiceCall.of(answered(), checked);
}
