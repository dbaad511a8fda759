import { AssertionError } from "node:assert";

/** An error that a test runner shows as a failed expectation, by its message alone. */
export function assertionError(message: string): AssertionError {
  const error = new AssertionError({ message });
  // Of how two values are to be compared; vitest takes it for the comparison itself, and prints it.
  Reflect.deleteProperty(error, "diff");
  return error;
}
