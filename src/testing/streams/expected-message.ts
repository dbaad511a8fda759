import { type Contains, isContains } from "../contains.ts";
import { isExpected } from "../expected-value.ts";

/** A matcher of vitest or Jest, such as `expect.any(String)`. */
export interface AsymmetricMatcher {
  asymmetricMatch(other: unknown): boolean;
}

/**
 * What a message must be: text or bytes exactly; a pattern that the text matches; a function that answers whether it is
 * (text that is JSON comes parsed); `contains({ … })`, of which the JSON of the message must hold all; anything else is
 * what that JSON must equal, with matchers of the test runner (`expect.any(String)`) wherever one is wanted.
 */
export type ExpectedMessage =
  | string
  | Uint8Array
  | RegExp
  | Contains
  | AsymmetricMatcher
  | ((message: unknown) => boolean | Promise<boolean>)
  | Readonly<Record<string, unknown>>
  | readonly unknown[];

/** Whether the message is what was expected. @throws what the function throws; Error where it does not answer. */
export async function isExpectedMessage(expected: ExpectedMessage, message: string | Uint8Array): Promise<boolean> {
  if (typeof expected === "string") return message === expected;
  if (expected instanceof Uint8Array) return typeof message !== "string" && Buffer.from(expected).equals(message);
  if (expected instanceof RegExp) return isExpected(expected, message);
  if (typeof expected === "function") {
    const answer: unknown = await expected(parsed(message));
    if (typeof answer === "boolean") return answer;
    // A body in braces whose `return` was forgotten would expect nothing.
    throw new Error(`the function of expect must answer true or false, not ${String(answer)}`);
  }
  const json = parsed(message);
  if (isContains(expected)) return isExpected(expected, json);
  return typeof message === "string" && isExpected(expected, json);
}

/** Text that is JSON, parsed; everything else as it came. */
export function parsed(message: string | Uint8Array): unknown {
  if (typeof message !== "string") return message;
  try {
    return JSON.parse(message) as unknown;
  } catch {
    return message;
  }
}
