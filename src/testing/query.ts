/** Query parameters or form fields by name; a name that is repeated has a list. */
export type Query = Readonly<Record<string, string | readonly string[]>>;

/** The parameters of a query, decoded. */
export function queryOf(query: string): Query {
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : [before, value].flat());
  }
  return Object.fromEntries(fields);
}
