import { isServiceConfigurationError, type ServiceConfigurationError } from "../../src/core/errors.ts";

/** The refusal of options that are wrong. */
export function refusalOf(make: () => unknown): ServiceConfigurationError {
  try {
    make();
  } catch (error) {
    if (isServiceConfigurationError(error)) return error;
    throw error;
  }
  throw new Error("the options were taken");
}
