import { type ErrorCode, isExternalServiceError, type Outcome, type Phase } from "../../../src/core/errors.ts";

/** What Hawser says in one of its errors: the code always, the rest where the case is about it. */
export interface SaidByHawser {
  readonly code: ErrorCode;
  readonly outcome?: Outcome;
  readonly phase?: Phase;
  readonly status?: number;
  readonly closeCode?: number;
  readonly limitMs?: number;
}

/** Whether it is an error of Hawser's that says all of one of these. */
export function saysOneOf(error: unknown, wanted: readonly SaidByHawser[]): boolean {
  return isExternalServiceError(error) && wanted.some((said) => says(error, said));
}

function says(error: object, said: SaidByHawser): boolean {
  return Object.entries(said).every(([name, value]) => (error as Record<string, unknown>)[name] === value);
}
