import { isSchema } from "../core/schema.ts";
import { envPrefixFor } from "./env-names.ts";
import { type SettingField, settingFields } from "./setting-fields.ts";
import { variablesOf } from "./settings.ts";

/** What is wrong with the `settings` of a definition, by themselves and beside what its kind reads anyway. */
export function settingSchemaProblems(kind: keyof typeof settingFields, settings: unknown): string[] {
  if (typeof settings !== "object" || settings === null || Array.isArray(settings)) {
    return ["settings must be an object of Standard Schemas by the names of options"];
  }
  const usual = settingFields[kind];
  const options = new Map<string, string>();
  return Object.entries(settings).flatMap(([option, schema]) => {
    const suffix = `_${envPrefixFor(option)}`;
    const variables = variablesOf({ suffixes: [suffix] }, "");
    const shared = variables.find((variable) => options.has(variable));
    const other = shared === undefined ? undefined : options.get(shared);
    for (const variable of variables) options.set(variable, option);
    if (!isSchema(schema))
      return [`settings.${option} must be a Standard Schema: one of zod, valibot, arktype, or ours`];
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(option)) return [`settings.${option} gives no name for a variable`];
    if (other !== undefined)
      return [`settings.${other} and settings.${option} would both be read from …${shared}: rename one`];
    return usual.flatMap((field) => takenBy(field, option, variables));
  });
}

function takenBy(field: SettingField, option: string, variables: readonly string[]): string[] {
  if (field.option === option)
    return [`settings.${option}: it is read from …${field.suffixes[0]} anyway, leave it out`];
  const taken = variablesOf(field, "").find((variable) => variables.includes(variable));
  return taken === undefined
    ? []
    : [`settings.${option}: …${taken} is the variable of ${field.option}, give the option another name`];
}
