import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ServiceConfigurationError } from "../../core/errors.ts";
import { isSchema, placesOf, validateNow } from "../../core/schema.ts";
import { UndecodableMessage } from "./undecodable-message.ts";

/**
 * What looks at each decoded value.
 *
 * @param codec - its name, for the error.
 * @throws ServiceConfigurationError for anything but a Standard Schema.
 */
export function schemaCheck(codec: string, schema: StandardSchemaV1 | undefined): (value: unknown) => unknown {
  if (schema === undefined) return (value) => value;
  if (!isSchema(schema)) {
    throw new ServiceConfigurationError(codec, ["schema must be a Standard Schema (zod, valibot, …)"]);
  }
  return (value) => {
    const validated = validateNow(schema, value);
    // Messages are handed on in the tick in which they come: one that waited would be overtaken by the next.
    if (validated === undefined) {
      throw new UndecodableMessage("schema", `the schema of ${codec}() is asynchronous, which a codec cannot wait for`);
    }
    if (validated.isValid) return validated.value;
    const { issues } = validated;
    throw new UndecodableMessage("schema", `the message does not match the schema at ${placesOf(issues)}`, { issues });
  };
}
