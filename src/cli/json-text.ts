/** The JSON text with its lines indented, and each number as it was written; undefined for what is no JSON. */
export function prettyJson(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text, asWritten as (key: string, value: unknown) => unknown), undefined, 2);
  } catch {
    return undefined;
  }
}

// Parsed and written again, an id of twenty digits would be another one.
const asWritten = (_key: string, value: unknown, { source }: { readonly source?: string }): unknown =>
  typeof value === "number" && source !== undefined ? rawJson(source) : value;

// In every Node that runs this, and not yet in the types of the language.
const rawJson = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON;
