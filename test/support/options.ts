import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { OptionReader } from "../../src/core/options.ts";

/** One option, as a service reads it: the settings that come of a value, and what is said of a bad one. */
export function reading<T>(
  name: string,
  readOption: (reader: OptionReader) => T,
): { readonly read: (value?: unknown) => T; readonly problemsOf: (value: unknown) => readonly string[] } {
  const read = (value?: unknown): T => {
    const reader = new OptionReader("payments", { [name]: value });
    const settings = readOption(reader);
    reader.finish();
    return settings;
  };
  const problemsOf = (value: unknown): readonly string[] => {
    try {
      read(value);
    } catch (error) {
      if (isServiceConfigurationError(error)) return error.problems;
    }
    return [];
  };
  return { read, problemsOf };
}
