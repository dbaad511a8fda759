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
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? (value as readonly FieldValue[]) : [value as FieldValue]) {
      if (one === undefined || one === null) continue;
      const text = fieldText(one);
      if (text === undefined)
        report(`${kind}.${name} must be a string, number, boolean, valid Date, or a list of these`);
      else pairs.push(`${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(text.toWellFormed())}`);
    }
  }
  return pairs.join("&");
}

/** The value as text, or undefined where it has none. */
export function fieldText(value: NonNullable<FieldValue>): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  return typeof value === "object" || typeof value === "function" ? undefined : String(value);
}
