/** What a call that was given none has. */
export const noOptions: { readonly signal?: undefined; readonly timeoutMs?: undefined } = Object.freeze({});

const noProblems: readonly string[] = [];

/**
 * What is wrong with the options of one call, in words that begin with its name. A misspelt limit must not be a limit
 * that silently does not hold.
 */
export function callOptionProblems(call: string, options: unknown, known: readonly string[]): readonly string[] {
  // Every message passes here.
  if (options === noOptions) return noProblems;
  if (typeof options !== "object" || options === null) {
    return [`${call}: the options must be an object with ${known.join(", ")}`];
  }
  const { signal, timeoutMs, topic } = options as Readonly<Record<string, unknown>>;
  const problems = Object.keys(options)
    .filter((name) => !known.includes(name))
    .map((name) => `${call}: unknown option ${name}; known are ${known.join(", ")}`);
  if (signal !== undefined && !isSignal(signal)) problems.push(`${call}: signal must be an AbortSignal`);
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0)) {
    const given = typeof timeoutMs === "number" ? String(timeoutMs) : `a ${typeof timeoutMs}`;
    problems.push(`${call}: timeoutMs must be a number above 0, not ${given}`);
  }
  if (topic !== undefined && typeof topic !== "string")
    problems.push(`${call}: topic must be the key of a subscription`);
  return problems;
}

// By its form: there are several realms, and with them several AbortSignals.
function isSignal(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { aborted, addEventListener } = value as Partial<AbortSignal>;
  return typeof aborted === "boolean" && typeof addEventListener === "function";
}
