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
  return ServiceCall.of(async (keep) => {
    const schema = (options as typeof options | null)?.schema;
    const byStatus = schema === undefined || isSchema(schema) ? undefined : schema;
    const problem = byStatus === undefined ? undefined : statusSchemasProblem(byStatus);
    if (problem !== undefined) throw new ServiceConfigurationError(calls.service, [`${method}: ${problem}`]);
    const checked = schema === undefined ? undefined : { schema, patience: calls.patienceFor(options) };
    let response: ServiceResponse;
    try {
      const call = checked === undefined ? options : { ...options, schema: undefined };
      response = keep(await calls.call(method, endpoint, call));
    } catch (error) {
      if (checked !== undefined && byStatus !== undefined) await matchError(error, byStatus, checked.patience);
      throw error;
    }
    try {
      return await (checked === undefined ? response.json() : response.jsonWithin(checked.schema, checked.patience));
    } catch (error) {
      calls.logFailure(error);
      throw error;
    }
  });
}
