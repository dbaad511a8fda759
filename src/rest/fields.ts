/** A form field: a list repeats the name; undefined and null are left out. */
export type FieldValue = string | number | boolean | bigint | Date | null | undefined;
export type Fields = Readonly<Record<string, FieldValue | readonly FieldValue[]>>;

/**
 * Fields as `a=1&b=2`, encoded; a space becomes `%20`, which every server reads.
 *
 * @param kind - how the fields are called where they were given.
 */
export function encodeFields(kind: string, fields: Fields | undefined, report: (problem: string) => void): string {
  // Without the check, a URLSearchParams, a Map and a string would all be sent as something else, or as nothing.
  if (typeof fields !== "object" || fields === null || Symbol.iterator in fields) {
    report(`${kind} must be an object of names and values`);
    return "";
  }
  let text = "";
  for (const name in fields) {
    if (!Object.hasOwn(fields, name)) continue;
    const value = fields[name];
    if (isList(value)) for (const one of value) text = withField(text, kind, name, one, report);
    else text = withField(text, kind, name, value, report);
  }
  return text;
}

const isList: (value: FieldValue | readonly FieldValue[]) => value is readonly FieldValue[] = Array.isArray;

function withField(
  before: string,
  kind: string,
  name: string,
  value: FieldValue,
  report: (problem: string) => void,
): string {
  if (value === undefined || value === null) return before;
  const text = fieldText(value);
  if (text === undefined) {
    report(`${kind}.${name} must be a string, number, boolean, valid Date, or a list of these`);
    return before;
  }
  const pair = `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(text.toWellFormed())}`;
  return before === "" ? pair : `${before}&${pair}`;
}

/** The value as text, or undefined where it has none. */
export function fieldText(value: NonNullable<FieldValue>): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  return typeof value === "object" || typeof value === "function" ? undefined : String(value);
}
